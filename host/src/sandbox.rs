//! Steps 5 and 6: runs foreign code. An [`Invocation`] comes from `deliver`, an [`Answer`] goes back;
//! nothing here knows HTTP, secrets or the store.

mod bindings;
mod boundary;
mod call;
mod component;
mod convert;
#[cfg(all(debug_assertions, target_os = "linux"))]
pub mod drill;
mod engine;
mod imports;
mod judge;
mod limits;
pub mod lockdown;
mod log;
mod meter;
mod stop;
mod wasi;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};

use tokio::sync::oneshot;
use wasmtime::Engine;

pub use boundary::{Answer, Answered, Call, Event, Fault, Invocation, Level, LogLine, Recipient};
pub use component::{Installed, Unfit, digest};
pub use judge::{check_messages, judge};
pub use limits::{Limits, Tiers};
pub use meter::Used;

use component::Component;

use crate::outcome::Reason;

/// Log targets of the compiler: at the lower levels they write gigabytes for each component.
pub const VERBOSE: &[&str] = &["cranelift", "wasmtime", "regalloc2", "wasmparser"];

/// Threads that run components, one invocation at a time each.
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    tiers: Tiers,
    components: RwLock<HashMap<String, Arc<Component>>>,
    queue: Mutex<Queue>,
    work: Condvar,
    running: AtomicUsize,
    ticking: (Mutex<()>, Condvar),
    nonces: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Invocation, oneshot::Sender<Answer>)>,
    closed: bool,
}

/// One more call than there are threads: the command line and installing call on their own thread.
const SPARE_CALLS: u32 = 4;

impl Sandbox {
    /// Starts `threads` threads. From [`Limits`] alone, the larger tier is not allowed.
    ///
    /// # Errors
    ///
    /// Where the engine cannot have its address space, or a thread cannot be started.
    pub fn start(tiers: impl Into<Tiers>, threads: usize) -> anyhow::Result<Self> {
        let tiers = tiers.into();
        let calls = u32::try_from(threads)? + SPARE_CALLS;
        let shared = Arc::new(Shared {
            engine: engine::engine(&tiers, calls).map_err(anyhow::Error::msg)?,
            tiers,
            components: RwLock::default(),
            queue: Mutex::default(),
            work: Condvar::new(),
            running: AtomicUsize::new(0),
            ticking: (Mutex::new(()), Condvar::new()),
            nonces: AtomicU64::new(1),
        });
        for number in 0..threads {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name(format!("sandbox-{number}"))
                .spawn(move || shared.work())?;
        }
        let ticker = shared.clone();
        std::thread::Builder::new()
            .name(String::from("sandbox-tick"))
            .spawn(move || ticker.tick())?;
        Ok(Self { shared })
    }

    /// The limits that answers are judged by: the same for both tiers.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.tiers.standard
    }

    /// The limits of both tiers.
    #[must_use]
    pub fn tiers(&self) -> &Tiers {
        &self.shared.tiers
    }

    /// Compiles a component, checks that it fits, and keeps it ready under its digest. Takes up to
    /// seconds: call it where that is allowed.
    ///
    /// # Errors
    ///
    /// What does not fit, with what was expected.
    pub fn install(&self, wasm: &[u8]) -> Result<Installed, Unfit> {
        let _running = self.shared.run();
        let (component, installed) =
            component::install(&self.shared.engine, &self.shared.tiers, wasm)?;
        self.shared
            .components
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(installed.digest.clone(), component);
        Ok(installed)
    }

    /// An invocation with a fresh nonce.
    #[must_use]
    pub fn invocation(&self, component: &str, now: u64, call: Call) -> Invocation {
        Invocation {
            nonce: self.shared.nonces.fetch_add(1, Ordering::Relaxed),
            component: component.to_owned(),
            now,
            call,
        }
    }

    /// Has an invocation carried out by the next free thread.
    pub async fn call(&self, invocation: Invocation) -> Answer {
        let nonce = invocation.nonce;
        let (sender, receiver) = oneshot::channel();
        {
            let mut queue = self
                .shared
                .queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            queue.waiting.push_back((invocation, sender));
        }
        self.shared.work.notify_one();
        receiver.await.unwrap_or_else(|_| Answer {
            nonce,
            result: Err(Fault::new(Reason::Trap, "the sandbox lost the call")),
            log: Vec::new(),
        })
    }

    /// Carries out an invocation on this thread.
    #[must_use]
    pub fn call_here(&self, invocation: Invocation) -> Answer {
        self.shared.answer(invocation)
    }

    /// Carries out an invocation on this thread, and says what it used.
    #[must_use]
    pub fn measure(&self, invocation: Invocation) -> (Answer, Used) {
        let before = call::thread_time();
        let (answer, mut used) = self.shared.measured(invocation);
        used.cpu = call::thread_time().saturating_sub(before);
        (answer, used)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.shared.work.notify_all();
        self.shared.ticking.1.notify_all();
    }
}

/// Counts a running call for as long as it lives, so that the epoch moves only while one runs.
struct Running<'a>(&'a Shared);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn run(&self) -> Running<'_> {
        if self.running.fetch_add(1, Ordering::Relaxed) == 0 {
            // Taking the lock makes sure that the ticker is either waiting or about to look again.
            drop(self.ticking.0.lock());
            self.ticking.1.notify_one();
        }
        Running(self)
    }

    fn answer(&self, invocation: Invocation) -> Answer {
        self.measured(invocation).0
    }

    fn measured(&self, invocation: Invocation) -> (Answer, Used) {
        let component = self
            .components
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&invocation.component)
            .cloned();
        let Some(component) = component else {
            let detail = format!("there is no component {}", invocation.component);
            let answer = Answer {
                nonce: invocation.nonce,
                result: Err(Fault::new(Reason::ComponentMissing, detail)),
                log: Vec::new(),
            };
            return (answer, Used::default());
        };
        let _running = self.run();
        call::run(&component, invocation)
    }

    fn work(&self) {
        loop {
            let next = {
                let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                loop {
                    if let Some(next) = queue.waiting.pop_front() {
                        break next;
                    }
                    if queue.closed {
                        return;
                    }
                    queue = self
                        .work
                        .wait(queue)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            };
            let (invocation, sender) = next;
            let nonce = invocation.nonce;
            // A panic of the host's own code is that call's failure, not the thread's end.
            let answer =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.answer(invocation)))
                    .unwrap_or_else(|_| Answer {
                        nonce,
                        result: Err(Fault::new(Reason::Trap, "the host panicked in this call")),
                        log: Vec::new(),
                    });
            // Who asked may have gone.
            let _ = sender.send(answer);
        }
    }

    fn tick(&self) {
        loop {
            if self
                .queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .closed
            {
                return;
            }
            let idle = self
                .ticking
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if self.running.load(Ordering::Relaxed) == 0 {
                // Looks again now and then, so that a closed sandbox ends this thread.
                let _ = self
                    .ticking
                    .1
                    .wait_timeout(idle, std::time::Duration::from_secs(1));
            } else {
                drop(idle);
                std::thread::sleep(limits::TICK);
                self.engine.increment_epoch();
            }
        }
    }
}
