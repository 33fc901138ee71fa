//! The thread that answers what may take long.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

/// What the reader is asked.
pub(super) enum Query {
    /// To look something up.
    Look(Box<dyn FnOnce(&Connection) + Send>),
    /// To close its connection, and to say so.
    Close(oneshot::Sender<()>),
}

/// Serves until the last sender is gone, or the store is closed.
pub(super) fn run(conn: Connection, mut inbox: mpsc::Receiver<Query>) {
    while let Some(query) = inbox.blocking_recv() {
        match query {
            Query::Look(look) => look(&conn),
            Query::Close(closed) => {
                drop(conn);
                // Who does not listen any more does not need to be told.
                let _ = closed.send(());
                return;
            }
        }
    }
}
