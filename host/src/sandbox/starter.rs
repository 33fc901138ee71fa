//! Who starts sandbox processes: one thread, for as long as there may be any. A sandbox process asks the kernel to
//! end it together with the thread that started it, so none outlives this program, whatever it runs.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::worker::ARGUMENT;

/// Starts processes of one program.
pub(crate) struct Starter {
    program: PathBuf,
    orders: mpsc::Sender<Order>,
}

struct Order {
    command: Command,
    done: oneshot::Sender<io::Result<Child>>,
}

impl Starter {
    /// Starts the thread.
    pub(crate) fn new(program: PathBuf) -> io::Result<Self> {
        let (orders, received) = mpsc::channel::<Order>();
        let runtime = Handle::current();
        thread::Builder::new()
            .name(String::from("starter"))
            .spawn(move || {
                let _runtime = runtime.enter();
                while let Ok(Order { mut command, done }) = received.recv() {
                    // Who has gone meanwhile drops the process, which kills it.
                    let _ = done.send(command.spawn());
                }
            })?;
        Ok(Self { program, orders })
    }

    /// Starts a process with one end of a socket as its standard input; the other end is returned with it.
    pub(crate) async fn start(&self) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&self.program);
        command
            .arg(ARGUMENT)
            .env_clear()
            .current_dir("/")
            // A Ctrl-C in the terminal is for `serve`, which finishes what is in flight.
            .process_group(0)
            .stdin(std::os::fd::OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let (done, started) = oneshot::channel();
        let ended = || io::Error::other("the thread that starts processes has ended");
        let order = Order { command, done };
        self.orders.send(order).map_err(|_| ended())?;
        let child = started.await.map_err(|_| ended())?;
        let named = |error: io::Error| {
            let program = self.program.display();
            io::Error::new(
                error.kind(),
                format!("{program} cannot be started: {error}"),
            )
        };
        Ok((child.map_err(named)?, UnixStream::from_std(ours)?))
    }
}
