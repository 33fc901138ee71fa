//! Steps 5 and 6: runs foreign code. An [`Invocation`] comes from `deliver`, an [`Answer`] goes back;
//! nothing here knows HTTP, secrets or the store. A [`Sandbox`] runs code in its own process; [`Sandboxes`] are
//! processes that each hold one.

mod bindings;
mod boundary;
mod call;
mod code;
mod compile;
mod component;
mod convert;
mod engine;
mod frame;
mod imports;
mod install;
mod judge;
mod limits;
mod load;
pub mod lockdown;
mod log;
mod meter;
mod process;
mod processes;
mod realm;
mod starter;
mod stop;
mod unfit;
mod wasi;
mod worker;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};

use wasmtime::Engine;

pub use boundary::{Answer, Answered, Call, Event, Fault, Invocation, Level, LogLine, Recipient};
pub use frame::answer_of;
pub use install::{Installed, digest};
pub use judge::{check_messages, judge};
pub use limits::{Limits, Tiers};
pub use lockdown::{Missing, Why};
pub use meter::Used;
pub use processes::{Files, Sandboxes, Setup};
pub use unfit::Unfit;
pub use worker::{asked, work, work_after};

use component::Component;
use install::Built;
use lockdown::Confined;

use crate::outcome::Reason;

/// Log targets of the compiler: at the lower levels they write gigabytes for each component.
pub const VERBOSE: &[&str] = &["cranelift", "wasmtime", "regalloc2", "wasmparser"];

/// Calls at once in one process: a sandbox process answers one at a time, and tests call from many threads.
const CALLS: u32 = 8;

/// Foreign code in this process.
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    tiers: Tiers,
    components: RwLock<HashMap<String, Arc<Component>>>,
    running: AtomicUsize,
    ticking: (Mutex<()>, Condvar),
    closed: AtomicBool,
    nonces: AtomicU64,
}

impl Sandbox {
    /// Makes an engine in this process, which is not locked down, for who has a reason to. From [`Limits`] alone,
    /// the larger tier is not allowed.
    ///
    /// # Errors
    ///
    /// Where the engine cannot have its address space, or its thread cannot be started.
    pub fn start(tiers: impl Into<Tiers>, why: Why) -> anyhow::Result<Self> {
        Self::confined(tiers.into(), &Confined::in_process(why))
    }

    /// Makes an engine. Foreign code runs only where there is one, so only behind a lock-down.
    pub(crate) fn confined(tiers: Tiers, _confined: &Confined) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            engine: engine::engine(&tiers, CALLS).map_err(anyhow::Error::msg)?,
            tiers,
            components: RwLock::default(),
            running: AtomicUsize::new(0),
            ticking: (Mutex::new(()), Condvar::new()),
            closed: AtomicBool::new(false),
            nonces: AtomicU64::new(1),
        });
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
        let Shared { engine, tiers, .. } = &*self.shared;
        let code = install::compile(engine, tiers, wasm)?;
        let compiled = load::compiled(engine, &code)?;
        let (component, built) = install::describe(engine, tiers, &compiled)?;
        self.keep(component, built, digest(wasm), wasm.len())
    }

    /// Keeps a component that fits ready to be called.
    fn keep(
        &self,
        mut component: Arc<Component>,
        built: Built,
        digest: String,
        size: usize,
    ) -> Result<Installed, Unfit> {
        let tiers = &self.shared.tiers;
        let (installed, catalog) = install::fit(built, digest, size, tiers)?;
        let own = Arc::get_mut(&mut component).expect("nobody else has it yet");
        own.catalog = catalog;
        own.limits = Arc::new(tiers.of(installed.manifest.limits).clone());
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

    /// Carries out an invocation on this thread.
    #[must_use]
    pub fn call(&self, invocation: Invocation) -> Answer {
        self.shared.measured(invocation).0
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
        self.shared.closed.store(true, Ordering::Relaxed);
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

    fn tick(&self) {
        while !self.closed.load(Ordering::Relaxed) {
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
