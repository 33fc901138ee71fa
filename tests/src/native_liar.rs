//! A sandbox process that was taken over: it passes on what the real one answers, and lies where a request holds
//! the name of a lie.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use crate::programs::{UNDER_TEST, beside};

type Frame = Vec<u8>;

/// Lies until its standard input closes.
///
/// # Errors
///
/// Where the honest process cannot be started, or nobody listens any more.
pub fn lie() -> io::Result<()> {
    let mut serve = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (mut honest, theirs) = UnixStream::pair()?;
    let mut child = Command::new(beside(UNDER_TEST)?)
        .args(std::env::args_os().skip(1))
        .env_clear()
        .stdin(OwnedFd::from(theirs))
        .stderr(Stdio::null())
        .spawn()?;
    let mut to = serve.try_clone()?;
    let mut from_honest = honest.try_clone()?;
    let mut last = Frame::new();
    while let Some(request) = read(&mut serve)? {
        // Endpoint, recipient and two parameters hold the lie's name; `lint` is asked about parameters alone.
        let asks = |lie: &str| {
            let parts = request.windows(lie.len());
            parts.filter(|part| *part == lie.as_bytes()).count() >= 3
        };
        write(&mut honest, &request)?;
        if is_followed(&request) {
            let blob = read(&mut serve)?.unwrap_or_default();
            write(&mut honest, &blob)?;
        }
        let Some(answer) = read(&mut from_honest)? else {
            break;
        };
        if answer.starts_with(&COMPILED) {
            write(&mut to, &answer)?;
            let code = read(&mut from_honest)?.unwrap_or_default();
            write(&mut to, &code)?;
            continue;
        }
        if asks("native-answers-an-old-nonce") {
            write(&mut to, &last)?;
        } else if asks("native-answers-twice") {
            write(&mut to, &answer)?;
            write(&mut to, &answer)?;
        } else if asks("native-announces-four-gigabytes") {
            to.write_all(&u32::MAX.to_le_bytes())?;
            to.write_all(&answer)?;
        } else if asks("native-talks-nonsense") {
            write(&mut to, &[0xff; 64])?;
        } else if asks("native-says-it-is-ready") {
            // The first reply of every process, again.
            write(&mut to, &[0, 0, 0])?;
        } else if asks("native-hangs") {
            std::thread::park();
        } else if asks("native-ends") {
            break;
        } else {
            write(&mut to, &answer)?;
        }
        last = answer;
    }
    child.kill()
}

/// How a reply begins that code follows: `Compiled` is the second kind of reply, and it is no error.
const COMPILED: [u8; 2] = [1, 0];

/// Whether a blob follows: `Compile`, `Describe` and `Load` are the second to fourth kinds of request.
fn is_followed(request: &[u8]) -> bool {
    matches!(request.first(), Some(1..=3))
}

fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut length = [0; 4];
    if let Err(error) = from.read_exact(&mut length) {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => Ok(None),
            _ => Err(error),
        };
    }
    let mut frame = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut frame)?;
    Ok(Some(frame))
}

fn write(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(frame)
}
