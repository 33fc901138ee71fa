//! What is always so in a store that is whole, each as a question for the rows that break it.

use rusqlite::Connection;

use crate::store::{Broken, Rule, StoreError};

/// The jobs that pending deliveries carry, as far as that can be read.
const CARRIED: &str = "SELECT carried.value ->> 'job'
     FROM delivery JOIN content ON content.delivery = delivery.seq, json_each(
         CASE WHEN json_valid(content.jobs) THEN content.jobs ELSE '[]' END) carried
     WHERE delivery.state = 'pending'";

const EARLIER: &str = "SELECT 1 FROM job earlier INDEXED BY job_condition
     WHERE earlier.recipient = job.recipient AND earlier.condition = job.condition
         AND earlier.state <> 'dead' AND earlier.id < job.id";

fn rules() -> [(Rule, String); 12] {
    [
        (
            Rule::JobHasAlert,
            "SELECT count(*) FROM job WHERE NOT EXISTS (SELECT 1 FROM alert WHERE seq = job.alert
                 AND job.id > seq AND job.id <= seq + jobs)"
                .to_owned(),
        ),
        (
            Rule::JobHasRecipient,
            "SELECT count(*) FROM job WHERE NOT EXISTS (SELECT 1 FROM recipient
                 WHERE recipient.id = job.recipient AND (job.state = 'dead' OR removed = 0))"
                .to_owned(),
        ),
        (
            Rule::JobIsCarried,
            format!(
                "WITH carried(job) AS ({CARRIED})
                 SELECT (SELECT count(*) FROM job
                         WHERE state = 'delivery' AND id NOT IN (SELECT job FROM carried))
                     + (SELECT count(*) - count(DISTINCT job) FROM carried)"
            ),
        ),
        (
            Rule::DeliveryHasJobs,
            format!(
                "WITH carried(job) AS ({CARRIED})
                 SELECT count(*) FROM carried WHERE NOT EXISTS
                     (SELECT 1 FROM job WHERE id = carried.job AND state = 'delivery')"
            ),
        ),
        (
            Rule::JobsKeepOrder,
            format!(
                "SELECT count(*) FROM job
                 WHERE (state = 'waiting' AND NOT EXISTS ({EARLIER}))
                     OR (state = 'queued' AND EXISTS ({EARLIER}))"
            ),
        ),
        (
            Rule::DeliveryIsWhole,
            "SELECT (SELECT count(*) FROM delivery
                     WHERE seq NOT IN (SELECT delivery FROM content))
                 + (SELECT count(*) FROM content WHERE delivery NOT IN (SELECT seq FROM delivery))
                 + (SELECT count(*) FROM attempt WHERE delivery NOT IN (SELECT seq FROM delivery))"
                .to_owned(),
        ),
        (
            Rule::DeliveryIsReadable,
            "SELECT count(*) FROM content WHERE NOT (json_valid(jobs) AND json_valid(messages))"
                .to_owned(),
        ),
        (
            Rule::DeadLetterHasReason,
            "SELECT count(*) FROM job
             WHERE state = 'dead' AND (reason IS NULL OR died_at IS NULL)"
                .to_owned(),
        ),
        (
            Rule::StateIsKnown,
            "SELECT (SELECT count(*) FROM job
                     WHERE state NOT IN ('queued', 'waiting', 'delivery', 'dead'))
                 + (SELECT count(*) FROM delivery
                     WHERE state NOT IN ('pending', 'delivered', 'dead', 'superseded'))"
                .to_owned(),
        ),
        (
            Rule::AlertIsReadable,
            "SELECT count(*) FROM alert WHERE NOT json_valid(document)".to_owned(),
        ),
        (
            Rule::RecipientHasEndpoint,
            "SELECT count(*) FROM recipient r WHERE removed = 0 AND NOT EXISTS
                 (SELECT 1 FROM endpoint e WHERE e.tenant = r.tenant AND e.name = r.endpoint)"
                .to_owned(),
        ),
        (
            Rule::NumbersAreReserved,
            "SELECT count(*) FROM (SELECT max(seq + jobs) AS last FROM alert)
             WHERE last > coalesce((SELECT value FROM meta WHERE name = 'reserved'), 0)"
                .to_owned(),
        ),
    ]
}

/// The rules that rows break.
pub(super) fn broken(conn: &Connection) -> Result<Vec<Broken>, StoreError> {
    let mut broken = Vec::new();
    for (rule, question) in rules() {
        let rows: u64 = conn.query_row(&question, [], |row| row.get(0))?;
        if rows > 0 {
            broken.push(Broken { rule, rows });
        }
    }
    Ok(broken)
}
