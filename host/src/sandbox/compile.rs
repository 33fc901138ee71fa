//! Compiling, in a process of its own that ends with it: one component each, a time and memory that it may take,
//! shares of it for tenants, and a memory of what failed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::code::Codes;
use super::frame::Task;
use super::install::{self, Built};
use super::limits::Tiers;
use super::process::{Broken, Spare};
use super::unfit::Unfit;

/// Components that are compiled at once. The compiler itself uses all processors.
const AT_ONCE: usize = 2;

/// Failures that are remembered: a component that is sent again and again is compiled once an hour.
const FAILURES: usize = 1_000;

/// How long a failure is remembered. What failed for want of memory may succeed another time.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// How long a tenant's components may be compiled for, of each hour.
const SHARE: Duration = Duration::from_secs(600);

/// The one who has components compiled.
pub(crate) struct Compiler {
    program: PathBuf,
    tiers: Tiers,
    codes: Codes,
    places: Semaphore,
    failed: Mutex<HashMap<String, (Instant, Unfit)>>,
    spent: Mutex<HashMap<String, Arc<Share>>>,
}

/// What a tenant has had compiled. Who holds the lock is having something compiled.
type Share = tokio::sync::Mutex<Spent>;

struct Spent {
    since: Instant,
    time: Duration,
}

impl Compiler {
    pub(crate) fn new(program: PathBuf, tiers: Tiers, codes: Codes) -> Self {
        Self {
            program,
            tiers,
            codes,
            places: Semaphore::new(AT_ONCE),
            failed: Mutex::default(),
            spent: Mutex::default(),
        }
    }

    /// What a component is, compiled now if it never was.
    pub(crate) async fn built(
        &self,
        tenant: Option<&str>,
        digest: &str,
        wasm: &[u8],
    ) -> Result<Built, Unfit> {
        if let Some(built) = self.codes.built(digest) {
            return Ok(built);
        }
        install::look(&self.tiers, wasm)?;
        if let Some(unfit) = self.remembered(digest) {
            return Err(unfit);
        }
        let compiled = match tenant {
            None => self.compile(digest, wasm).await,
            Some(tenant) => {
                let share = self.share(tenant);
                let mut spent = share.try_lock().map_err(|_| Unfit::CompilingAnother)?;
                if spent.since.elapsed() > REMEMBERED {
                    *spent = Spent::nothing();
                }
                if spent.time > SHARE {
                    return Err(Unfit::CompiledEnough {
                        seconds: SHARE.as_secs(),
                    });
                }
                let begin = Instant::now();
                let compiled = self.compile(digest, wasm).await;
                spent.time += begin.elapsed();
                compiled
            }
        };
        compiled.map(|(built, _)| built)
    }

    /// The code of a component that was compiled, if it is still as it was.
    pub(crate) fn code(&self, digest: &str) -> Option<Vec<u8>> {
        self.codes.code(digest)
    }

    /// Compiles once more what was changed or is gone.
    pub(crate) async fn again(&self, digest: &str, wasm: &[u8]) -> Result<Vec<u8>, Unfit> {
        tracing::warn!(component = %digest, "its compiled code is gone or was changed: it is compiled again");
        self.compile(digest, wasm).await.map(|(_, code)| code)
    }

    async fn compile(&self, digest: &str, wasm: &[u8]) -> Result<(Built, Vec<u8>), Unfit> {
        let _place = self.places.acquire().await;
        let result = self.build(wasm).await.unwrap_or_else(|broken| {
            Err(match broken {
                Broken::Late => Unfit::CompileTime {
                    seconds: self.tiers.large.compile.as_secs(),
                },
                broken => Unfit::Compiler(broken.to_string()),
            })
        });
        match result {
            Ok((built, code)) => {
                if let Err(error) = self.codes.keep(digest, built.clone(), &code) {
                    tracing::warn!(%error, "compiled code cannot be kept: it will be compiled again");
                }
                Ok((built, code))
            }
            Err(unfit) => {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.retain(|_, (at, _)| at.elapsed() < REMEMBERED);
                if failed.len() < FAILURES {
                    failed.insert(digest.to_owned(), (Instant::now(), unfit.clone()));
                }
                Err(unfit)
            }
        }
    }

    /// Compiles in one process, which cannot run what it compiled, and describes in another.
    async fn build(&self, wasm: &[u8]) -> Result<Result<(Built, Vec<u8>), Unfit>, Broken> {
        let Self { program, tiers, .. } = self;
        let limits = &tiers.large;
        let compiler = Spare::start(program, Task::Compile, tiers).await?;
        let code = match compiler.compile(wasm, limits).await? {
            Ok(code) => code,
            Err(unfit) => return Ok(Err(unfit)),
        };
        let caller = Spare::start(program, Task::Call, tiers).await?;
        let built = caller.describe(&code, limits).await?;
        Ok(built.map(|built| (built, code)))
    }

    fn remembered(&self, digest: &str) -> Option<Unfit> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, unfit) = failed.get(digest)?;
        (at.elapsed() < REMEMBERED).then(|| unfit.clone())
    }

    fn share(&self, tenant: &str) -> Arc<Share> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let share = spent
            .entry(tenant.to_owned())
            .or_insert_with(|| Arc::new(Share::new(Spent::nothing())));
        share.clone()
    }
}

impl Spent {
    fn nothing() -> Self {
        Self {
            since: Instant::now(),
            time: Duration::ZERO,
        }
    }
}
