//! Dead letters are sent again.

use rusqlite::{OptionalExtension, named_params};

use super::fate;
use super::writer::Writer;
use crate::job::{JobId, RecipientId};
use crate::store::{DeadLetterFilter, PAGE, Redrive, StoreError};

impl Writer {
    /// Returns how many were put back. Those of removed recipients stay.
    pub(super) fn redrive(&mut self, which: &Redrive) -> Result<u64, StoreError> {
        let letters = match which {
            Redrive::Jobs(jobs) => self.letters(jobs)?,
            Redrive::Matching(filter) => self.matching(filter)?,
        };
        let mut count = 0;
        for (job, recipient) in letters {
            if self.recipients.contains_key(&recipient) && fate::revive(&self.conn, recipient, job)?
            {
                self.agenda.touch(recipient);
                count += 1;
            }
        }
        Ok(count)
    }

    fn letters(&self, jobs: &[JobId]) -> Result<Vec<(JobId, RecipientId)>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT recipient FROM job WHERE id = ?1 AND state = 'dead'")?;
        let mut letters = Vec::new();
        for &job in jobs.iter().take(PAGE as usize) {
            let recipient = statement.query_row([job], |row| row.get(0)).optional()?;
            letters.extend(recipient.map(|recipient| (job, recipient)));
        }
        Ok(letters)
    }

    fn matching(&self, filter: &DeadLetterFilter) -> Result<Vec<(JobId, RecipientId)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT job.id, job.recipient
             FROM job INDEXED BY job_dead JOIN recipient r ON r.id = job.recipient
             WHERE job.state = 'dead' AND job.id < :before AND r.removed = 0
                 AND (:recipient IS NULL OR job.recipient = :recipient)
                 AND (:tenant IS NULL OR r.tenant = :tenant)
             ORDER BY job.id DESC LIMIT :limit",
        )?;
        let rows = statement.query_map(
            named_params! {
                ":before": filter.before.unwrap_or(JobId::MAX),
                ":recipient": filter.recipient,
                ":tenant": filter.tenant,
                ":limit": filter.limit.min(PAGE),
            },
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
