//! Compiling, in a process of its own that ends with it: one component each, a time and memory that it may take,
//! and a memory of what failed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::code::Codes;
use super::frame::Task;
use super::install::{self, Built};
use super::limits::Tiers;
use super::process::{Broken, Spare};
use super::starter::Starter;
use super::unfit::Unfit;

/// Components that are compiled at once. The compiler itself uses all processors.
const AT_ONCE: usize = 2;

/// Failures that are remembered: a component that is sent again and again is compiled once an hour.
const FAILURES: usize = 1_000;

/// How long a failure is remembered. What failed for want of memory may succeed another time.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The one who has components compiled.
pub(crate) struct Compiler {
    starter: Arc<Starter>,
    tiers: Tiers,
    codes: Arc<Codes>,
    places: Semaphore,
    failed: Mutex<HashMap<String, (Instant, Unfit)>>,
}

impl Compiler {
    pub(crate) fn new(starter: Arc<Starter>, tiers: Tiers, codes: Codes) -> Self {
        Self {
            starter,
            tiers,
            codes: Arc::new(codes),
            places: Semaphore::new(AT_ONCE),
            failed: Mutex::default(),
        }
    }

    /// What a component is, compiled now if it never was.
    pub(crate) async fn built(&self, digest: &str, wasm: &[u8]) -> Result<Built, Unfit> {
        if let Some(built) = self.codes.built(digest) {
            return Ok(built);
        }
        install::look(&self.tiers, wasm)?;
        if let Some(unfit) = self.remembered(digest) {
            return Err(unfit);
        }
        self.compile(digest, wasm).await.map(|(built, _)| built)
    }

    /// The code of a component that was compiled, if it is still as it was.
    pub(crate) async fn code(&self, digest: &str) -> Option<Vec<u8>> {
        let (codes, digest) = (self.codes.clone(), digest.to_owned());
        // Megabytes are read and hashed, while deliveries wait for this thread.
        let code = tokio::task::spawn_blocking(move || codes.code(&digest));
        code.await.ok()?
    }

    /// Whether a component was compiled, and its code is kept.
    pub(crate) fn has(&self, digest: &str) -> bool {
        self.codes.built(digest).is_some()
    }

    /// Removes the code of a component.
    pub(crate) fn forget(&self, digest: &str) {
        self.codes.remove(digest);
    }

    /// Compiles once more what was changed or is gone.
    pub(crate) async fn again(&self, digest: &str, wasm: &[u8]) -> Result<Vec<u8>, Unfit> {
        tracing::warn!(component = %digest, "its compiled code is gone or was changed: it is compiled again");
        self.compile(digest, wasm).await.map(|(_, code)| code)
    }

    /// Compiles in one process, which cannot run what it compiled, and describes in another.
    async fn compile(&self, digest: &str, wasm: &[u8]) -> Result<(Built, Vec<u8>), Unfit> {
        let _place = self.places.acquire().await;
        let limits = self.tiers.widest();
        let compiler = self.start(Task::Compile).await?;
        let code = self.noted(digest, compiler.compile(wasm, limits).await)?;
        let caller = self.start(Task::Call).await?;
        let built = self.noted(digest, caller.describe(&code, limits).await)?;
        if let Err(error) = self.codes.keep(digest, built.clone(), &code) {
            tracing::warn!(%error, "compiled code cannot be kept: it will be compiled again");
        }
        Ok((built, code))
    }

    /// A process that cannot be started is no component's fault, and is not remembered as one.
    async fn start(&self, task: Task) -> Result<Spare, Unfit> {
        let started = Spare::start(&self.starter, task, &self.tiers).await;
        started.map_err(|broken| Unfit::Compiler(broken.to_string()))
    }

    /// What came of a component's process; a failure is remembered.
    fn noted<T>(&self, digest: &str, came: Result<Result<T, Unfit>, Broken>) -> Result<T, Unfit> {
        let unfit = match came {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(unfit)) => unfit,
            Err(Broken::Late) => Unfit::CompileTime {
                seconds: self.tiers.widest().compile.as_secs(),
            },
            Err(broken) => Unfit::Compiler(broken.to_string()),
        };
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, (at, _)| at.elapsed() < REMEMBERED);
        if failed.len() < FAILURES {
            failed.insert(digest.to_owned(), (Instant::now(), unfit.clone()));
        }
        Err(unfit)
    }

    fn remembered(&self, digest: &str) -> Option<Unfit> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, unfit) = failed.get(digest)?;
        (at.elapsed() < REMEMBERED).then(|| unfit.clone())
    }
}
