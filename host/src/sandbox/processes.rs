//! The sandbox processes of all realms: which one answers, and what becomes of those that fail.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::boundary::{Answer, Call, Fault, Invocation};
use super::code::Codes;
use super::compile::Compiler;
use super::frame::{self, Request, Task};
use super::install::{self, Built, Installed, digest};
use super::limits::{Limits, Tiers};
use super::lockdown::Missing;
use super::process::{Bound, Broken, Spare};
use super::realm::Realm;
use super::starter::Starter;
use super::unfit::Unfit;
use crate::outcome::Reason;
use crate::secret::MacKey;

/// Processes that are ready for whoever needs the next one.
const SPARES: usize = 2;

/// Processes of all tenants together, for each that one realm may have: more wait for each other.
const REALMS: usize = 32;

/// How long a tenant's process is kept that has nothing to do.
const IDLE: Duration = Duration::from_secs(60);

/// How much later than its limits a call may end: the process itself ends it on time, unless it hangs.
const GRACE: Duration = Duration::from_secs(5);

/// A component's file, by its digest: asked for where its compiled code is gone or was changed.
pub type Files = Arc<dyn Fn(String) -> BoxFuture<'static, Option<Vec<u8>>> + Send + Sync>;

/// What sandbox processes are started with.
pub struct Setup {
    /// The program that is a sandbox process where it is started as one: this program.
    pub program: PathBuf,
    /// The limits that they keep.
    pub tiers: Tiers,
    /// Calls of one realm at once, each in a process of its own.
    pub parallel: usize,
    /// Where compiled code is kept.
    pub code: PathBuf,
    /// What authenticates compiled code.
    pub key: MacKey,
    /// Where components come from.
    pub files: Files,
}

/// The sandbox processes of all realms.
pub struct Sandboxes {
    inner: Arc<Inner>,
}

struct Inner {
    starter: Arc<Starter>,
    tiers: Tiers,
    missing: Vec<Missing>,
    parallel: usize,
    compiler: Compiler,
    files: Files,
    known: RwLock<HashMap<String, Arc<Known>>>,
    spares: Mutex<Vec<Spare>>,
    pools: Mutex<HashMap<Realm, Arc<Pool>>>,
    /// Places for tenants' processes.
    places: Arc<Semaphore>,
    /// Calls that wait for such a place.
    waiting: AtomicUsize,
    nonces: AtomicU64,
}

/// A component that fits.
struct Known {
    size: usize,
    built: Built,
    vouched: bool,
    limits: Limits,
}

/// The processes of one realm.
struct Pool {
    calls: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

/// A process that waits for its realm's next call.
struct Idle {
    held: Held,
    since: Instant,
}

/// A process, and the place that it takes.
struct Held {
    bound: Bound,
    _place: Option<OwnedSemaphorePermit>,
}

impl Sandboxes {
    /// Starts the first processes, and so finds out whether it can be done.
    ///
    /// # Errors
    ///
    /// Where a process cannot be started, or the folder for code not be made.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        let Setup {
            program,
            tiers,
            parallel,
            code,
            key,
            files,
        } = setup;
        let starter = Arc::new(Starter::new(program)?);
        let first = Spare::start(&starter, Task::Call, &tiers).await?;
        let codes = Codes::open(code, key, first.ready().engine.clone())?;
        let inner = Arc::new(Inner {
            missing: first.ready().missing.clone(),
            compiler: Compiler::new(starter.clone(), tiers.clone(), codes),
            starter,
            tiers,
            parallel,
            files,
            known: RwLock::default(),
            spares: Mutex::new(vec![first]),
            pools: Mutex::default(),
            places: Arc::new(Semaphore::new(parallel * REALMS)),
            waiting: AtomicUsize::new(0),
            nonces: AtomicU64::new(getrandom::u64().map_err(anyhow::Error::msg)?),
        });
        tokio::spawn(sweep(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// The limits that answers are judged by: the same for both tiers.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.tiers.standard
    }

    /// What the lock-down of its processes lacks on this machine. Where it lacks anything, only components that the
    /// operator vouches for are called.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.inner.missing
    }

    /// Has a component compiled in a process of its own, unless that was done before, checks that it fits, and
    /// keeps it ready under its digest.
    ///
    /// # Errors
    ///
    /// What does not fit, with what was expected.
    pub async fn install(&self, wasm: &[u8], vouched: bool) -> Result<Installed, Unfit> {
        let Inner {
            compiler, tiers, ..
        } = &*self.inner;
        if let Some(missing) = self.missing().first().filter(|_| !vouched) {
            return Err(Unfit::NotConfined(*missing));
        }
        let (digest, size) = (digest(wasm), wasm.len());
        let built = compiler.built(&digest, wasm).await?;
        let fits = install::fit(built.clone(), digest.clone(), size, tiers);
        let (installed, _) = fits.inspect_err(|_| compiler.forget(&digest))?;
        let known = Known {
            size,
            built,
            vouched,
            limits: tiers.of(installed.manifest.limits).clone(),
        };
        self.inner
            .known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, Arc::new(known));
        Ok(installed)
    }

    /// Whether a component's code is kept, so that installing it takes no time.
    #[must_use]
    pub fn is_compiled(&self, digest: &str) -> bool {
        self.inner.compiler.has(digest)
    }

    /// Lets go of a component. Who loaded it keeps it until it ends, and is not asked for it again.
    pub fn forget(&self, digest: &str) {
        let known = &self.inner.known;
        known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(digest);
        self.inner.compiler.forget(digest);
    }

    /// Has a component called for a tenant, at `now`, in milliseconds since the Unix epoch.
    pub async fn call(&self, tenant: &str, component: &str, now: u64, call: Call) -> Answer {
        let nonce = self.inner.nonces.fetch_add(1, Ordering::Relaxed);
        let invocation = Invocation {
            nonce,
            component: component.to_owned(),
            now,
            call,
        };
        let result = self.inner.answer(tenant, invocation).await;
        result.unwrap_or_else(|fault| Answer {
            nonce,
            result: Err(fault),
            log: Vec::new(),
        })
    }
}

impl Inner {
    async fn answer(
        self: &Arc<Self>,
        tenant: &str,
        invocation: Invocation,
    ) -> Result<Answer, Fault> {
        let digest = invocation.component.clone();
        let known = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&digest)
            .cloned();
        let Some(known) = known else {
            let detail = format!("there is no component {digest}");
            return Err(Fault::new(Reason::ComponentMissing, detail));
        };
        let realm = match known.vouched {
            true => Realm::Vouched,
            false => Realm::Tenant(tenant.to_owned()),
        };
        let pool = self.pool(&realm);
        let _call = pool.calls.acquire().await;
        let nonce = invocation.nonce;
        let request = Request::Call(Box::new(invocation));
        let mut lost = None;
        // A process may die of what is none of this call's doing. One that dies twice of it is its doing.
        for _ in 0..2 {
            match self
                .ask(&pool, &realm, &digest, &known, &request, nonce)
                .await
            {
                Ok(answer) => return Ok(answer),
                Err(Broken::Died(how)) => lost = Some(Broken::Died(how)),
                Err(broken) => {
                    lost = Some(broken);
                    break;
                }
            }
        }
        let broken = lost.unwrap_or(Broken::Late);
        let reason = match &broken {
            Broken::Host(_) => {
                tracing::error!(component = %digest, why = %broken, "a component cannot be called");
                Reason::NoSandbox
            }
            Broken::Died(_) => Reason::Trap,
            Broken::Late => Reason::Deadline,
            Broken::Escaping(_) => {
                tracing::error!(component = %digest, ?realm, what = %broken, "escape-attempt");
                Reason::EscapeAttempt
            }
        };
        Err(Fault::new(reason, broken.to_string()))
    }

    /// One try, by an idle process of this realm or a new one.
    async fn ask(
        self: &Arc<Self>,
        pool: &Pool,
        realm: &Realm,
        digest: &str,
        known: &Known,
        request: &Request,
        nonce: u64,
    ) -> Result<Answer, Broken> {
        let mut held = self.held(pool, realm).await?;
        if !held.bound.has(digest) {
            self.load(&mut held.bound, digest, known).await?;
        }
        let longest = frame::longest_answer(&known.limits);
        let within = known.limits.wall + GRACE;
        let answer = held.bound.call(request, nonce, longest, within).await?;
        let wanted =
            self.waiting.load(Ordering::Relaxed) > 0 && *held.bound.realm() != Realm::Vouched;
        if !wanted {
            let since = Instant::now();
            lock(&pool.idle).push(Idle { held, since });
        }
        Ok(answer)
    }

    async fn load(&self, bound: &mut Bound, digest: &str, known: &Known) -> Result<(), Broken> {
        let code = match self.compiler.code(digest).await {
            Some(code) => code,
            None => {
                let wasm = (self.files)(digest.to_owned()).await;
                let gone = || Broken::Host(format!("the component {digest} is gone"));
                let wasm = wasm.ok_or_else(gone)?;
                self.compiler
                    .again(digest, &wasm)
                    .await
                    .map_err(|unfit| Broken::Host(unfit.to_string()))?
            }
        };
        let loaded = bound
            .load(digest, known.size, known.built.clone(), &code)
            .await?;
        loaded.map_err(Broken::Died)
    }

    fn pool(&self, realm: &Realm) -> Arc<Pool> {
        let mut pools = lock(&self.pools);
        if let Some(pool) = pools.get(realm) {
            return pool.clone();
        }
        let pool = Arc::new(Pool {
            calls: Arc::new(Semaphore::new(self.parallel)),
            idle: Mutex::default(),
        });
        pools.insert(realm.clone(), pool.clone());
        pool
    }

    /// A process of this realm: one that is idle, or a spare that becomes one.
    async fn held(self: &Arc<Self>, pool: &Pool, realm: &Realm) -> Result<Held, Broken> {
        loop {
            let idle = lock(&pool.idle).pop();
            match idle {
                Some(Idle { held, .. }) if held.bound.is_quiet() => return Ok(held),
                Some(_) => {
                    tracing::error!(
                        ?realm,
                        "escape-attempt: a sandbox process spoke unasked, or is gone"
                    );
                }
                None => break,
            }
        }
        let place = match realm {
            Realm::Vouched => None,
            Realm::Tenant(_) => Some(self.place().await),
        };
        let spare = lock(&self.spares).pop();
        let spare = match spare {
            Some(spare) => spare,
            None => Spare::start(&self.starter, Task::Call, &self.tiers).await?,
        };
        tokio::spawn(refill(Arc::downgrade(self)));
        Ok(Held {
            bound: spare.bind(realm.clone()),
            _place: place,
        })
    }

    /// A place for a tenant's process; where there is none, the one that has been idle for longest goes.
    async fn place(&self) -> OwnedSemaphorePermit {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return place;
        }
        let _waiting = Waiting::among(&self.waiting);
        self.end_idlest();
        let place = self.places.clone().acquire_owned().await;
        place.expect("nobody closes it")
    }

    fn end_idlest(&self) {
        let pools = lock(&self.pools);
        let idlest = pools
            .iter()
            .filter(|(realm, _)| **realm != Realm::Vouched)
            .filter_map(|(_, pool)| Some((lock(&pool.idle).first()?.since, pool)))
            .min_by_key(|(since, _)| *since);
        if let Some((_, pool)) = idlest {
            let mut idle = lock(&pool.idle);
            if !idle.is_empty() {
                drop(idle.remove(0));
            }
        }
    }
}

/// A call that waits for a place, for as long as it waits: who asked for it may go away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has as many spares as there should be.
async fn refill(inner: std::sync::Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        if lock(&inner.spares).len() >= SPARES {
            return;
        }
        match Spare::start(&inner.starter, Task::Call, &inner.tiers).await {
            Ok(spare) => lock(&inner.spares).push(spare),
            Err(error) => {
                tracing::error!(%error, "no spare sandbox process can be started");
                return;
            }
        }
    }
}

/// Ends tenants' processes that have nothing to do.
async fn sweep(inner: std::sync::Weak<Inner>) {
    loop {
        tokio::time::sleep(IDLE / 2).await;
        let Some(inner) = inner.upgrade() else {
            return;
        };
        lock(&inner.pools).retain(|realm, pool| {
            if *realm == Realm::Vouched {
                return true;
            }
            lock(&pool.idle).retain(|idle| idle.since.elapsed() < IDLE);
            Arc::strong_count(pool) > 1 || !lock(&pool.idle).is_empty()
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
