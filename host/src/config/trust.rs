//! `ca` of `[server]`: a file, or a list of files, with the certificates of authorities that are trusted
//! besides the system's.

use toml::Spanned;

use super::{ConfigError, Reader};
use crate::egress::{self, Root};

impl Reader<'_> {
    /// The certificates of all files.
    pub(super) fn roots(&self, ca: Option<Spanned<toml::Value>>) -> Result<Vec<Root>, ConfigError> {
        let Some(ca) = ca else {
            return Ok(Vec::new());
        };
        let start = ca.span().start;
        let files = match ca.into_inner() {
            toml::Value::Array(files) => (0..)
                .zip(files)
                .map(|(at, file)| (format!("server.ca[{at}]"), file))
                .collect(),
            file => vec![("server.ca".to_owned(), file)],
        };
        let mut roots = Vec::new();
        for (key, file) in files {
            let toml::Value::String(file) = file else {
                return Err(self.error(
                    start,
                    &key,
                    "expected a file with certificates in PEM, or a list of such files",
                ));
            };
            let path = self.base.join(file);
            let found = std::fs::read(&path)
                .map_err(|error| format!("cannot be read: {error}"))
                .and_then(|pem| egress::roots(&pem))
                .map_err(|what| self.error(start, &key, &format!("{}: {what}", path.display())))?;
            roots.extend(found);
        }
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn authorities_are_read_from_one_file_or_several_and_mistakes_named() {
        let folder = std::env::temp_dir().join(format!("campanile-ca-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let pem = |name: &str| {
            let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
            made.cert.pem()
        };
        let (one, two) = (pem("one.example"), pem("two.example"));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (name, text) in [
            ("one.pem", one.clone()),
            ("both.pem", format!("# ours\n{one}\n{two}")),
            ("empty.pem", String::new()),
            ("key.pem", one.replace("CERTIFICATE", "PRIVATE KEY")),
            ("cut.pem", one[..one.len() / 2].to_owned()),
            ("broken.pem", format!("{one}{broken}")),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let read = |ca: &str| {
            let text = format!("\n[server]\nca = {ca}\n");
            parse("f.toml", &text, &folder, &|_| None)
                .map(|config| config.server.roots.len())
                .map_err(|error| error.to_string())
        };
        for (ca, count) in [
            ("\"one.pem\"", 1),
            ("\"both.pem\"", 2),
            ("[\"one.pem\", \"both.pem\"]", 3),
            ("[]", 0),
        ] {
            assert_eq!(read(ca), Ok(count), "{ca}");
        }
        for (ca, key, what) in [
            ("\"none.pem\"", "server.ca", "none.pem: cannot be read"),
            ("\"empty.pem\"", "server.ca", "it has no certificate"),
            ("\"key.pem\"", "server.ca", "it has no certificate"),
            ("\"cut.pem\"", "server.ca", "cut.pem: "),
            (
                "[\"one.pem\", \"broken.pem\"]",
                "server.ca[1]",
                "its certificate 2 cannot be trusted",
            ),
            ("true", "server.ca", "expected a file"),
            ("[1]", "server.ca[0]", "expected a file"),
        ] {
            let told = read(ca).unwrap_err();
            assert!(
                told.starts_with(&format!("f.toml:3: {key}: ")) && told.contains(what),
                "{ca}: {told}"
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
