//! A connection that only reads, beside a server or without one: for checking and copying.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{rules, schema, views, writer};
use crate::store::{Checked, Configuration, Size, StoreError, TableSize, Totals};

/// What is said of damage at most: after these lines nobody reads on.
const DAMAGE: u32 = 20;

/// A store's file that is looked at.
#[derive(Debug)]
pub(in crate::store) struct Aside {
    conn: Connection,
    path: PathBuf,
    version: u32,
}

impl Aside {
    pub(in crate::store) fn open(path: &Path) -> Result<Self, StoreError> {
        let conn = schema::reader(path)?;
        schema::refuse_unknown(&conn)?;
        Ok(Self {
            version: schema::version(&conn)?,
            path: path.to_owned(),
            conn,
        })
    }

    pub(in crate::store) fn check(&self) -> Result<Checked, StoreError> {
        let damage = self.damage()?;
        let outdated = self.version != schema::KNOWN;
        // Rows of a damaged file would only repeat it.
        let broken = if outdated || !damage.is_empty() {
            Vec::new()
        } else {
            rules::broken(&self.conn)?
        };
        let (size, totals) = if damage.is_empty() {
            (self.size()?, self.totals()?)
        } else {
            (Size::default(), Totals::default())
        };
        Ok(Checked {
            version: self.version,
            outdated,
            damage,
            broken,
            size,
            totals,
        })
    }

    fn damage(&self) -> Result<Vec<String>, StoreError> {
        let read = || -> Result<Vec<String>, StoreError> {
            let mut statement = self
                .conn
                .prepare(&format!("PRAGMA integrity_check({DAMAGE})"))?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
            Ok(lines.collect::<Result<_, _>>()?)
        };
        match read() {
            Ok(lines) if lines == ["ok"] => Ok(Vec::new()),
            Err(StoreError::Corrupt(what)) => Ok(vec![what]),
            found => found,
        }
    }

    fn size(&self) -> Result<Size, StoreError> {
        let mut statement = self.conn.prepare(
            "SELECT schema.tbl_name, sum(stat.pgsize)
             FROM dbstat stat JOIN sqlite_schema schema ON schema.name = stat.name
             WHERE stat.aggregate = TRUE AND schema.tbl_name NOT LIKE 'sqlite%'
             GROUP BY schema.tbl_name ORDER BY 2 DESC, 1",
        )?;
        let mut rows = statement.query([])?;
        let mut tables = Vec::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            // The names are the schema's own.
            let count = format!("SELECT count(*) FROM \"{name}\"");
            tables.push(TableSize {
                rows: self.conn.query_row(&count, [], |row| row.get(0))?,
                bytes: row.get(1)?,
                name,
            });
        }
        let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Size {
            file: bytes(&self.path),
            free: schema::free(&self.conn)?,
            log: bytes(Path::new(&log)),
            tables,
        })
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        let total = |name| writer::meta(&self.conn, name).map(i64::unsigned_abs);
        Ok(Totals {
            alerts: total("alerts")?,
            delivered: total("delivered")?,
            forgotten: total("forgotten")?,
        })
    }

    pub(in crate::store) fn configuration(&self) -> Result<Option<Configuration>, StoreError> {
        if self.version == schema::KNOWN {
            views::configuration(&self.conn).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(in crate::store) fn used(&self) -> Result<u64, StoreError> {
        schema::used(&self.conn)
    }

    pub(in crate::store) fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let name = path
            .to_str()
            .ok_or_else(|| StoreError::Io("its name is no text".to_owned()))?;
        // SQLite fills an empty file, and would make one that others read.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let written = self
            .conn
            .execute("VACUUM INTO ?1", [name])
            .map_err(StoreError::from)
            .and_then(|_| lasts(path));
        if written.is_err() {
            // The error says more than that this one failed too.
            let _ = std::fs::remove_file(path);
        }
        written
    }
}

/// Has the disk keep a new file, and its folder the name.
fn lasts(path: &Path) -> Result<(), StoreError> {
    File::open(path)?.sync_all()?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}
