//! What passes between `serve` and a sandbox process: a length, then that many bytes. A value is postcard, a
//! blob is bytes as they are. Whoever receives says how long a frame may be, before any memory is taken for it.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::boundary::{Answer, Invocation};
use super::install::Built;
use super::limits::{Limits, Tiers};
use super::lockdown::Missing;
use super::unfit::Unfit;

/// What `serve` asks a sandbox process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// The first frame: what it is for.
    Start {
        /// Whether it compiles, or calls what was compiled.
        task: Task,
        /// The limits that it keeps.
        tiers: Box<Tiers>,
    },
    /// Compile the component that follows as a blob.
    Compile,
    /// Say what the component is whose code follows as a blob.
    Describe,
    /// Keep the component ready whose code follows as a blob.
    Load {
        /// Its identity.
        digest: String,
        /// The size of its file, in bytes.
        size: usize,
        /// What was found when it was built.
        built: Box<Built>,
    },
    /// Answer this.
    Call(Box<Invocation>),
}

/// What a sandbox process is for, as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Compiling one component. It cannot run what it compiled.
    Compile,
    /// Calling components.
    Call,
}

/// What a sandbox process answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// To `Start`: locked down, and nothing foreign loaded.
    Ready(Ready),
    /// To `Compile`; the code follows as a blob.
    Compiled(Result<(), Box<Unfit>>),
    /// To `Describe`.
    Described(Result<Box<Built>, Box<Unfit>>),
    /// To `Load`.
    Loaded(Result<(), String>),
    /// To `Call`.
    Answer(Box<Answer>),
}

/// What a process is that has started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// The same for engines that can run the same compiled code.
    pub(crate) engine: String,
    /// What its lock-down lacks.
    pub(crate) missing: Vec<Missing>,
}

/// A frame that only says something short.
pub(crate) const SHORT: usize = 64 << 10;

/// The longest frame with an answer: the answer, its log, and what stands around them.
pub(crate) fn longest_answer(limits: &Limits) -> usize {
    limits.answer + (limits.log_lines + 1) * (limits.log_line + 64) + SHORT
}

/// The longest frame with what a component says of itself.
pub(crate) fn longest_description(limits: &Limits) -> usize {
    limits.description + SHORT
}

/// A value as a frame.
pub(crate) fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let frame = postcard::to_extend(value, vec![0; 4]).map_err(io::Error::other)?;
    let length = length(frame.len() - 4)?;
    let mut frame = frame;
    frame[..4].copy_from_slice(&length);
    Ok(frame)
}

fn length(bytes: usize) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes).map_err(io::Error::other)?;
    Ok(length.to_le_bytes())
}

fn checked(length: [u8; 4], limit: usize) -> io::Result<usize> {
    let length = u32::from_le_bytes(length) as usize;
    if length > limit {
        let what = format!("a frame of {length} bytes, {limit} are allowed");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(length)
}

/// A frame's value. Nothing may be left over.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(invalid(format!("{} bytes behind a value", rest.len()))),
        Err(error) => Err(invalid(error.to_string())),
    }
}

/// The answer that a sandbox process's frame carries; `None` where it carries another reply.
///
/// # Errors
///
/// Where its bytes are no reply, or more than one.
pub fn answer_of(frame: &[u8]) -> io::Result<Option<Answer>> {
    Ok(match decode(frame)? {
        Reply::Answer(answer) => Some(*answer),
        _ => None,
    })
}

/// Reads a frame of at most `limit` bytes; `None` where the other side has closed.
pub(crate) fn read(from: &mut impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = vec![0; checked(length, limit)?];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a value.
pub(crate) fn write<T: Serialize>(to: &mut impl Write, value: &T) -> io::Result<()> {
    to.write_all(&encode(value)?)
}

/// Writes a blob.
pub(crate) fn write_blob(to: &mut impl Write, blob: &[u8]) -> io::Result<()> {
    to.write_all(&length(blob.len())?)?;
    to.write_all(blob)
}

/// [`read`] for `serve`, to which an end is no end but a death.
pub(crate) async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let mut bytes = vec![0; checked(length, limit)?];
    from.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// [`write`] for `serve`.
pub(crate) async fn send<T: Serialize>(
    to: &mut (impl AsyncWrite + Unpin),
    value: &T,
) -> io::Result<()> {
    to.write_all(&encode(value)?).await
}

/// [`write_blob`] for `serve`.
pub(crate) async fn send_blob(to: &mut (impl AsyncWrite + Unpin), blob: &[u8]) -> io::Result<()> {
    to.write_all(&length(blob.len())?).await?;
    to.write_all(blob).await
}
