//! The escape drill: native code in a process that is locked down as a sandbox process is tries to get out. The
//! filters of system calls must hold alone; where the kernel has Landlock, that must hold alone too.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use campanile::outcome::Reason;
use campanile::sandbox::drill::{self, ARGUMENT, ARMED, Attempt, End, Layers, Open};
use campanile_tests::{Behaviour, World, wait_for};
use futures_util::StreamExt;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::stage::{self, Stage};

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// What its name says it does, and what ends a program that does it.
const KILLED_BY_ITS_WRITE: &str = "have the parent killed by its next write";

/// How long an attempt may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many at once.
const TOGETHER: usize = 4;

/// What became of an attempt.
#[derive(Debug)]
struct Tried {
    status: ExitStatus,
    /// What the lock-down said that it could not have.
    missing: BTreeSet<String>,
    /// What the attempt said at last: nothing, where it was ended.
    said: String,
    /// Whether what stands for the parent lives, and may do what it could do before.
    unharmed: bool,
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
    let mut child = Command::new(PROGRAM)
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

async fn all(attempts: Vec<Attempt>, layers: Layers) -> Vec<(Attempt, Tried)> {
    futures_util::stream::iter(attempts)
        .map(|attempt| async move { (attempt, make(attempt, layers).await) })
        .buffered(TOGETHER)
        .collect()
        .await
}

/// Each attempt comes to the end that it should, and harms nobody.
async fn held(attempts: Vec<Attempt>) {
    let second = BTreeSet::from([String::from("landlock"), String::from("landlock-scopes")]);
    let mut wrong = Vec::new();
    for (attempt, tried) in all(attempts, Layers::All).await {
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

#[tokio::test]
async fn native_opens_socket_file_exec_ptrace() {
    held(drill::outwards()).await;
}

#[tokio::test]
async fn native_kills_or_starves_the_parent() {
    held(drill::on_the_parent()).await;
}

#[tokio::test]
async fn the_second_layer_holds_files_programs_and_signals_by_itself() {
    let attempts = [drill::outwards(), drill::on_the_parent()].concat();
    let attempts = attempts.into_iter().filter(|attempt| attempt.second);
    let mut wrong = Vec::new();
    for (attempt, tried) in all(attempts.collect(), Layers::Second).await {
        if tried
            .missing
            .iter()
            .any(|part| part.starts_with("landlock"))
        {
            eprintln!(
                "left out: this kernel has not all of Landlock, and the filters carry the load alone"
            );
            return;
        }
        let refused = ["refused 1", "refused 13"].contains(&tried.said.as_str());
        if !refused || !tried.unharmed {
            wrong.push((attempt.name, tried));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn without_the_lock_down_the_drill_gets_out() {
    let attempts = [drill::outwards(), drill::on_the_parent()].concat();
    let names: BTreeSet<&str> = attempts.iter().map(|attempt| attempt.name).collect();
    assert_eq!(names.len(), attempts.len(), "each has a name of its own");
    let tried = attempts
        .into_iter()
        .filter(|attempt| attempt.open == Open::Done);
    let mut wrong = Vec::new();
    for (attempt, tried) in all(tried.collect(), Layers::None).await {
        // A program that takes this one's place says nothing, and ends well.
        let done = tried.said == "done" || (tried.said.is_empty() && tried.status.success());
        if !done {
            wrong.push((attempt.name, tried));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn native_code_in_a_sandbox_process_ends_it_and_is_named_and_harms_no_other() {
    // This program is the parent that they are made on.
    let rows = [
        "socket to the internet",
        "message to a foreign abstract socket",
        "file",
        "program",
        "fork",
        "thread",
        "ring of requests",
        "be dumpable again",
        "kill the parent",
        "kill a thread of the parent",
        "have the parent killed by its next write",
        "make the shared pipe not wait",
        "let the parent have no descriptors",
        "let the parent write no files",
        "trace the parent",
    ];
    let attempts = [drill::outwards(), drill::on_the_parent()].concat();
    let attempts = rows.map(|name| {
        let mut attempts = attempts.iter().filter(|attempt| attempt.name == name);
        attempts.next().expect(name)
    });
    let labels = attempts.map(Attempt::label);
    let hows = labels.each_ref().map(String::as_str);
    let builder = World::builder().limits(stage::limits());
    let stage = Stage::with(builder, &hows, Behaviour::status(200)).await;
    stage.post(&["first"]).await;
    stage.bystander_has(&["first"]).await;
    stage.world.wait_until_empty().await;
    for (attempt, how) in attempts.iter().zip(hows) {
        if let End::Refused(_) = attempt.end {
            assert_eq!(stage.arrived(how).len(), 1, "{how}");
            continue;
        }
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, Reason::Poison, "{how}");
        let detail = letter.detail.unwrap_or_default();
        assert!(detail.starts_with("escape-attempt: "), "{how}: {detail}");
    }
}
