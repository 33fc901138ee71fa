//! `ca` of `[server]`: a file, or a list of files, with the certificates of authorities that are trusted
//! besides the system's. Whoever speaks TLS reads what stands in them.

use toml::Spanned;

use super::{ConfigError, Reader};

/// One file of certificates, and where the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// What the file holds: certificates in PEM.
    pub pem: Vec<u8>,
    path: String,
    named: ConfigError,
}

impl Authority {
    /// A mistake in the file, said with the file, line and key that name it.
    #[must_use]
    pub fn mistake(&self, what: &str) -> ConfigError {
        ConfigError {
            what: format!("{}: {what}", self.path),
            ..self.named.clone()
        }
    }
}

impl Reader<'_> {
    /// All files.
    pub(super) fn authorities(
        &self,
        ca: Option<Spanned<toml::Value>>,
    ) -> Result<Vec<Authority>, ConfigError> {
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
        let authority = |(key, file): (String, toml::Value)| {
            let toml::Value::String(file) = file else {
                let what = "expected a file with certificates in PEM, or a list of such files";
                return Err(self.error(start, &key, what));
            };
            let path = self.base.join(file);
            let mut authority = Authority {
                pem: Vec::new(),
                path: path.display().to_string(),
                named: self.error(start, &key, ""),
            };
            authority.pem = std::fs::read(&path)
                .map_err(|error| authority.mistake(&format!("cannot be read: {error}")))?;
            Ok(authority)
        };
        files.into_iter().map(authority).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn files_of_authorities_are_read_and_mistakes_name_where_they_stand() {
        let folder = std::env::temp_dir().join(format!("campanile-ca-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["one.pem", "two.pem"] {
            std::fs::write(folder.join(name), name).unwrap();
        }
        let read = |ca: &str| {
            let text = format!("\n[server]\nca = {ca}\n");
            parse("f.toml", &text, &folder, &|_| None).map(|config| config.server.authorities)
        };
        for (ca, found) in [
            ("\"one.pem\"", &["one.pem"][..]),
            ("[\"two.pem\", \"one.pem\"]", &["two.pem", "one.pem"]),
            ("[]", &[]),
        ] {
            let pems: Vec<_> = read(ca).unwrap().into_iter().map(|it| it.pem).collect();
            let found: Vec<_> = found.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(pems, found, "{ca}");
        }
        for (ca, key, what) in [
            ("\"none.pem\"", "server.ca", "none.pem: cannot be read"),
            (
                "[\"one.pem\", \"none.pem\"]",
                "server.ca[1]",
                "cannot be read",
            ),
            ("true", "server.ca", "expected a file"),
            ("[1]", "server.ca[0]", "expected a file"),
        ] {
            let told = read(ca).unwrap_err().to_string();
            assert!(
                told.starts_with(&format!("f.toml:3: {key}: ")) && told.contains(what),
                "{ca}: {told}"
            );
        }
        let told = read("\"one.pem\"").unwrap()[0]
            .mistake("no PEM")
            .to_string();
        assert!(told.starts_with("f.toml:3: server.ca: ") && told.ends_with("one.pem: no PEM"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
