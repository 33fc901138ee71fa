//! Native code in a sandbox process, as who has escaped from WebAssembly runs it: the escape drill, and processes
//! that were taken over. The filters of system calls must hold alone; where the kernel has Landlock, that too.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use campanile::outcome::Reason;
use campanile::sandbox::Limits;
use futures_util::StreamExt;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::stage::{self, Stage};
use super::{Bystander, Stopped, told};
use crate::drill::{self, ARGUMENT, ARMED, Attempt, End, Layers};
use crate::programs::{NATIVE_LIAR, UNDER_TEST, program};
use crate::{Behaviour, World};

/// What its name says it does, and what ends a program that does it.
const KILLED_BY_ITS_WRITE: &str = "have the parent killed by its next write";

/// How long an attempt may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many at once.
const TOGETHER: usize = 4;

/// What became of an attempt.
#[derive(Debug)]
pub struct Tried {
    /// How the process ended.
    pub status: ExitStatus,
    /// What the lock-down said that it could not have.
    pub missing: BTreeSet<String>,
    /// What the attempt said at last: nothing, where it was ended.
    pub said: String,
    /// Whether what stands for the parent lives, and may do what it could do before.
    pub unharmed: bool,
}

/// One end of a pair; the other stays here.
enum Ours {
    Stream(UnixStream),
    Datagram {
        _ours: UnixDatagram,
        _listener: UnixDatagram,
    },
}

impl Ours {
    /// A stream, as sandbox processes have it. An attempt that needs an unconnected way out gets datagrams.
    fn pair(attempt: &Attempt, victim: i32) -> (Self, OwnedFd) {
        if attempt.name.contains("abstract socket") {
            let name = SocketAddr::from_abstract_name(drill::listener(victim)).expect("a name");
            let listener = UnixDatagram::bind_addr(&name).expect("it listens");
            let (ours, theirs) = UnixDatagram::pair().expect("a pair");
            let ours = Self::Datagram {
                _ours: ours,
                _listener: listener,
            };
            return (ours, theirs.into());
        }
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        (Self::Stream(ours), theirs.into())
    }

    fn write(&self) {
        match self {
            Self::Stream(ours) => {
                std::io::Write::write_all(&mut &*ours, b"x").expect("it is written");
            }
            Self::Datagram { .. } => panic!("nothing is awaited there"),
        }
    }
}

/// Something that lives until its input closes.
fn victim() -> Child {
    Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a process")
}

fn limits(victim: &Child) -> String {
    let id = victim.id().expect("it has not been waited for");
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{id}/{file}"));
    let status = read("status").unwrap_or_default();
    let traced = status
        .lines()
        .filter(|line| line.starts_with("TracerPid") || line.starts_with("Cpus_allowed"));
    let mut all = read("limits").unwrap_or_default();
    all.extend(traced);
    all
}

async fn make(attempt: Attempt, layers: Layers) -> Tried {
    let mut victim = victim();
    // Waiting for it would close its input.
    let _input = victim.stdin.take();
    let id = i32::try_from(victim.id().expect("it runs")).expect("a pid");
    let before = limits(&victim);
    let (ours, theirs) = Ours::pair(&attempt, id);
    let mut child = Command::new(program(UNDER_TEST))
        .args([ARGUMENT, attempt.name, &id.to_string(), layers.as_str()])
        .env_clear()
        .stdin(theirs)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let (mut missing, mut said) = (BTreeSet::new(), String::new());
    let listening = async {
        while let Some(line) = lines.next_line().await.expect("a line") {
            if line == ARMED {
                ours.write();
            } else if let Some(list) = line.strip_prefix("missing [") {
                let list = list.trim_end_matches(']').split_whitespace();
                missing = list.map(str::to_owned).collect();
            } else {
                said = line;
            }
        }
        child.wait().await.expect("it ended")
    };
    let ended = tokio::time::timeout(PATIENCE, listening).await;
    let status = ended.unwrap_or_else(|_| panic!("{} does not end", attempt.name));
    if attempt.name == KILLED_BY_ITS_WRITE && layers == Layers::None {
        let ended = tokio::time::timeout(PATIENCE, victim.wait()).await;
        let ended = ended.expect("the write kills").expect("it ended");
        assert_eq!(ended.signal(), Some(9));
    }
    let lives = victim.try_wait().expect("it can be asked").is_none();
    Tried {
        status,
        missing,
        said,
        unharmed: lives && limits(&victim) == before,
    }
}

/// Makes these attempts, some of them at once.
pub async fn all(attempts: Vec<Attempt>, layers: Layers) -> Vec<(Attempt, Tried)> {
    futures_util::stream::iter(attempts)
        .map(|attempt| async move { (attempt, make(attempt, layers).await) })
        .buffered(TOGETHER)
        .collect()
        .await
}

/// Each attempt comes to the end that it should, and harms nobody.
async fn held(attempts: &[Attempt]) {
    let second = BTreeSet::from([String::from("landlock"), String::from("landlock-scopes")]);
    let mut wrong = Vec::new();
    for (attempt, tried) in all(attempts.to_vec(), Layers::All).await {
        // Without the second layer the first one has to do, and does. Nothing else may be missing.
        assert!(tried.missing.is_subset(&second), "{tried:?}");
        let as_expected = match attempt.end {
            End::Killed(signal) => tried.status.signal() == Some(signal) && tried.said.is_empty(),
            End::Refused(errno) => tried.said == format!("refused {errno}"),
        };
        if !as_expected || !tried.unharmed {
            wrong.push((attempt.name, tried));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Makes attempts behind the lock-down, each in a process of its own, and then those of these names in sandbox
/// processes of a program: what is ended is told so, and what is refused goes on.
async fn tried(attempts: &[Attempt], inside: &[&str]) -> Stopped {
    let inside: Vec<&Attempt> = inside
        .iter()
        .map(|name| attempts.iter().find(|it| it.name == *name).expect(name))
        .collect();
    let labels: Vec<_> = inside.iter().map(|attempt| attempt.label()).collect();
    let hows: Vec<_> = labels.iter().map(String::as_str).collect();
    let stage = Stage::new(&hows).await;
    let beside = Bystander::beside(&stage.world).await;
    held(attempts).await;
    stage.post(&["first"]).await;
    stage.neighbour_has(&["first"]).await;
    let mut letters = Vec::new();
    for (attempt, how) in inside.into_iter().zip(hows) {
        if let End::Refused(_) = attempt.end {
            stage.receiver.hope_for(&format!("/{how}/hook"), 1).await;
            assert_eq!(stage.arrived(how).len(), 1, "{how}");
            continue;
        }
        let letter = stage.world.dead_letter(how).await;
        assert_eq!(letter.reason, Reason::Poison, "{how}");
        let detail = letter.detail.as_deref().unwrap_or_default();
        assert!(detail.starts_with("escape-attempt: "), "{how}: {detail}");
        letters.push(letter);
    }
    let of = format!("{}; {} attempts", told(&letters), attempts.len());
    beside.stopped(of).await
}

/// Every way out that a process has.
pub async fn native_opens_socket_file_exec_ptrace() -> Stopped {
    let inside = [
        "socket to the internet",
        "message to a foreign abstract socket",
        "file",
        "program",
        "fork",
        "thread",
        "ring of requests",
        "be dumpable again",
    ];
    tried(&drill::outwards(), &inside).await
}

/// Here the parent is the program itself.
pub async fn native_kills_or_starves_the_parent() -> Stopped {
    let inside = [
        "kill the parent",
        "kill a thread of the parent",
        "have the parent killed by its next write",
        "make the shared pipe not wait",
        "let the parent have no descriptors",
        "let the parent write no files",
        "trace the parent",
    ];
    tried(&drill::on_the_parent(), &inside).await
}

/// Each of these lies makes one dead letter, which says so in words like these; nothing of theirs is sent, and the
/// neighbour gets its alert.
pub async fn blamed(limits: Limits, rows: &[(&str, &str)]) -> Stopped {
    let hows: Vec<_> = rows.iter().map(|(how, _)| *how).collect();
    let builder = World::builder().limits(limits).sandbox_program(NATIVE_LIAR);
    let stage = Stage::with(builder, &hows, Behaviour::status(200)).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(&["first"]).await;
    stage.neighbour_has(&["first"]).await;
    let mut letters = Vec::new();
    for (how, words) in rows {
        let letter = stage.world.dead_letter(how).await;
        assert_eq!(letter.reason, Reason::Poison, "{how}");
        let detail = letter.detail.as_deref().unwrap_or_default();
        assert!(detail.starts_with(words), "{how}: {detail}");
        letters.push(letter);
    }
    beside.empty().await;
    assert!(stage.receiver.received().is_empty(), "nothing was sent");
    beside.stopped(told(&letters)).await
}

/// And otherwise says what it was not asked.
pub async fn native_answers_an_old_nonce() -> Stopped {
    let ended = "escape-attempt: the sandbox process was ended: ";
    let unasked = format!("{ended}it answered what it was not asked");
    let rows = [
        ("native-answers-an-old-nonce", &*unasked),
        ("native-says-it-is-ready", &unasked),
        (
            "native-announces-four-gigabytes",
            &format!("{ended}a frame of 4294967295 bytes"),
        ),
        ("native-talks-nonsense", ended),
    ];
    blamed(stage::limits(), &rows).await
}
