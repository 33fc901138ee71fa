//! Everything wired together; it alone knows all other modules. Listener, clock, shutdown and places on
//! disk are handed in.

mod accept;
mod aside;
mod components;
mod install;
mod key;
mod rotate;
mod share;
mod tokens;
mod unlock;
mod upgrade;
mod upkeep;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Context;
use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, watch};

use crate::apply::{Line, Mistake, Planner};
use crate::clock::Clock;
use crate::config::Keep;
use crate::deliver::{Deliverer, Quarantine};
use crate::desired::Desired;
use crate::directory::{Directory, Snapshot};
use crate::egress::{Egress, EgressOptions, Received};
use crate::grant::Ceilings;
use crate::message::Message;
use crate::outcome::Schedule;
use crate::sandbox::{self, Answered, Call, Fault, Installed, Sandboxes};
use crate::schedule::{self, Waker, pacing::Pacing};
use crate::secret::Vault;
use crate::store::{Store, StoreError};
use share::Shares;
use unlock::unlock;

pub use aside::{Inspected, Secrets, compact, inspect, stored};
pub use components::{BUILTIN, builtin};
pub use install::{InstallError, RemoveError};
pub use key::{CREDENTIAL, KeyError, KeyPlace};
pub use rotate::{Gone, Rotated, forget, rotate};
pub use share::Enough;
pub use tokens::{ADMIN, Contact, INGEST};
pub use upgrade::Waiting;

/// The store's file in the data directory.
const STORE: &str = "campanile.sqlite3";

/// How long clients may take to finish their requests once the program is to end: storing alerts takes
/// milliseconds, and a client that says nothing more must not keep it from ending.
const FAREWELL: Duration = Duration::from_secs(5);

/// Components that each tenant may install for itself, unless the operator says otherwise: some versions each of a
/// handful, at most 200 MiB of files.
pub const TENANT_COMPONENTS: usize = 20;

/// What a program needs to run.
pub struct Options {
    /// The data directory; made where it is not there.
    pub data: PathBuf,
    /// The master key; beside the data directory by default, never in it.
    pub key: Option<KeyPlace>,
    /// Time.
    pub clock: Clock,
    /// Retry schedule.
    pub schedule: Schedule,
    /// Limits on foreign code.
    pub limits: sandbox::Limits,
    /// Those of the larger tier, where they are not what follows from the others.
    pub large_limits: Option<sandbox::Limits>,
    /// Whether components of the larger tier may be installed.
    pub large_components: bool,
    /// Digests of components that the operator vouches for, besides those that came with the program.
    pub vouched: Vec<String>,
    /// The program that sandbox processes are started from: this one. Its `main` asks [`sandbox::asked`] first.
    pub program: PathBuf,
    /// Components that each tenant may install for itself; those of the operator are everybody's.
    pub tenant_components: usize,
    /// Where compiled code is kept; in the data directory by default.
    pub code: Option<PathBuf>,
    /// The way out; openings are the store's.
    pub egress: EgressOptions,
    /// What tenants may do at most.
    pub ceilings: Ceilings,
    /// Alerts that one call of a component is given at most, whatever its manifest asks for.
    pub alerts_per_call: u32,
    /// What is kept of what is over.
    pub keep: Keep,
}

impl Options {
    /// The defaults, with this data directory.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            key: None,
            clock: Clock::System,
            schedule: Schedule::default(),
            limits: sandbox::Limits::default(),
            large_limits: None,
            large_components: false,
            vouched: Vec::new(),
            program: PathBuf::from("/proc/self/exe"),
            tenant_components: TENANT_COMPONENTS,
            code: None,
            egress: EgressOptions::default(),
            ceilings: Ceilings::default(),
            alerts_per_call: u32::MAX,
            keep: Keep::default(),
        }
    }
}

/// A running Campanile, without its listener.
pub struct App {
    /// What lasts.
    pub store: Store,
    /// The configuration.
    pub directory: Directory,
    /// Foreign code.
    pub sandboxes: Arc<Sandboxes>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// Time.
    pub clock: Clock,
    /// What tenants may do at most.
    pub ceilings: Ceilings,
    vault: Vault,
    keep: Keep,
    deliverer: Arc<Deliverer>,
    waker: Waker,
    changed: Arc<Notify>,
    /// One change of the configuration at a time.
    changing: Mutex<()>,
    /// One look at the configuration at a time, so that an older one never replaces a newer one.
    reloading: Mutex<()>,
    /// Digests of components that the operator vouches for.
    vouched: Vec<String>,
    /// Endpoints that stay with an older component.
    waiting: RwLock<Vec<Waiting>>,
    /// Compiled components, as they were installed.
    installed: Mutex<HashMap<String, Arc<Installed>>>,
    /// Digests of components that were looked at, oldest first, by tenant.
    looked_at: Mutex<HashMap<Option<String>, VecDeque<String>>>,
    tenant_components: usize,
    shares: Shares,
}

/// Why a wanted state was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It has mistakes; nothing was stored.
    #[error("nothing was changed:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<Mistake>),
    /// Endpoints ask for what was not granted; nothing was stored. The lines say what.
    #[error("nothing was changed: {}", unconsented(.0))]
    Consent(Vec<Line>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn unconsented(lines: &[Line]) -> String {
    let asking = lines.iter().filter_map(|line| {
        let consent = line.consent.as_ref()?;
        let may: Vec<_> = consent.may.iter().map(|it| it.text.as_str()).collect();
        Some(format!(
            "{} asks to {}; to allow it, apply it with grant = \"{}\"",
            line.item,
            may.join(", "),
            consent.grant
        ))
    });
    asking.collect::<Vec<_>>().join("\n")
}

/// Why a recipient was not tested.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// There is no such recipient.
    #[error("there is no recipient `{0}`; `campanile apply` makes one")]
    NoRecipient(String),
    /// The component failed.
    #[error("the component made no test message: {0}")]
    Fault(Fault),
    /// The component says that the set-up cannot work.
    #[error("the set-up cannot work: {0}")]
    Invalid(String),
}

/// One message of a test, and what came of it.
pub struct Tested {
    /// What was sent, unfilled.
    pub message: Message,
    /// What came back, where anybody answers.
    pub result: Result<Option<Received>, crate::egress::Failure>,
}

impl Tested {
    /// Whether it arrived, as far as anybody says.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        match &self.result {
            Ok(Some(received)) => (200..300).contains(&received.status),
            Ok(None) => true,
            Err(_) => false,
        }
    }
}

impl App {
    /// Opens the store, installs the components, and resolves the configuration.
    ///
    /// # Errors
    ///
    /// In words for the person who starts it.
    pub async fn open(mut options: Options) -> anyhow::Result<Arc<Self>> {
        // As it is meant: `data/.` cannot be made.
        let data: PathBuf = options.data.components().collect();
        std::fs::create_dir_all(&data)
            .with_context(|| format!("{} cannot be made", data.display()))?;
        let key = options.key.unwrap_or_else(|| KeyPlace::beside(&data));
        key.refuse_inside(&data)
            .with_context(|| key.path().display().to_string())?;
        let store = Store::open(data.join(STORE)).await?;
        let master = unlock(&key, &store, options.clock.now()).await?;
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let tiers = sandbox::Tiers {
            large: options
                .large_limits
                .unwrap_or_else(|| options.limits.enlarged()),
            standard: options.limits,
            large_allowed: options.large_components,
        };
        let files: sandbox::Files = {
            let store = store.clone();
            Arc::new(move |digest| {
                let store = store.clone();
                async move { components::file(&store, &digest).await }.boxed()
            })
        };
        let sandboxes = Sandboxes::start(sandbox::Setup {
            program: options.program,
            tiers,
            parallel: threads,
            code: options.code.unwrap_or_else(|| data.join("code")),
            key: master.code_cache_key(),
            files,
        });
        let sandboxes = Arc::new(sandboxes.await?);
        options.egress.openings = HashMap::new();
        let egress = Arc::new(Egress::new(options.egress)?);
        let directory = Directory::default();
        let changed = Arc::new(Notify::new());
        let deliverer = Arc::new(Deliverer {
            store: store.clone(),
            sandboxes: sandboxes.clone(),
            egress: egress.clone(),
            directory: directory.clone(),
            pacing: Pacing::default(),
            schedule: options.schedule,
            clock: options.clock.clone(),
            quarantine: Quarantine::default(),
            alerts_per_call: options.alerts_per_call,
            changed: changed.clone(),
        });
        let app = Arc::new(Self {
            store,
            directory,
            sandboxes,
            egress,
            clock: options.clock,
            ceilings: options.ceilings,
            vault: Vault::new(&master),
            keep: options.keep,
            deliverer,
            waker: Waker::default(),
            changed,
            changing: Mutex::default(),
            reloading: Mutex::default(),
            vouched: options.vouched,
            waiting: RwLock::default(),
            installed: Mutex::default(),
            looked_at: Mutex::default(),
            tenant_components: options.tenant_components,
            shares: Shares::default(),
        });
        app.install_all().await?;
        app.grant_what_there_was().await?;
        app.upgrade(None).await?;
        app.reload().await?;
        Ok(app)
    }

    /// Serves the API on `listener` and delivers, until `shutdown` turns true.
    ///
    /// # Errors
    ///
    /// Where the listener fails.
    pub async fn run(
        self: &Arc<Self>,
        listener: TcpListener,
        shutdown: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        self.egress.listens_at(listener.local_addr()?);
        let scheduler = schedule::run(
            self.deliverer.clone(),
            self.waker.clone(),
            self.clock.clone(),
            shutdown.clone(),
        );
        let scheduler = tokio::spawn(scheduler);
        let upkeep = upkeep::run(
            self.store.clone(),
            self.clock.clone(),
            self.keep,
            shutdown.clone(),
        );
        let upkeep = tokio::spawn(upkeep);
        let reloader = tokio::spawn(self.clone().follow_changes(shutdown.clone()));
        let compiler = tokio::spawn(self.clone().compile_the_rest());
        let mut stop = shutdown;
        let stopped = async move {
            // A sender that is gone is a shutdown too.
            let _ = stop.wait_for(|stop| *stop).await;
        }
        .shared();
        let overdue = {
            let stopped = stopped.clone();
            async move {
                stopped.await;
                tokio::time::sleep(FAREWELL).await;
            }
        };
        let serving =
            axum::serve(listener, crate::api::router(self.clone())).with_graceful_shutdown(stopped);
        tokio::select! {
            served = serving => served?,
            () = overdue => tracing::info!("connections that were still open are closed"),
        }
        scheduler.await?;
        upkeep.await?;
        reloader.abort();
        compiler.abort();
        Ok(())
    }

    /// Reads the configuration again whenever delivering changed it.
    async fn follow_changes(self: Arc<Self>, shutdown: watch::Receiver<bool>) {
        while !*shutdown.borrow() {
            self.changed.notified().await;
            if let Err(error) = self.reload().await {
                tracing::error!(%error, "the configuration cannot be read again");
            }
        }
    }

    /// Resolves what is stored, and has it used from now on.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let _alone = self.reloading.lock().await;
        let configuration = self.store.configuration().await?;
        let components = self.resolved_components(&configuration).await;
        let (snapshot, problems) =
            Snapshot::resolve(&configuration, components, &self.vault, &self.ceilings);
        for problem in problems {
            tracing::error!(%problem, "left out of the configuration");
        }
        let mut openings = HashMap::new();
        for row in &configuration.networks {
            openings.insert(
                row.tenant.clone(),
                serde_json::from_str(&row.allow).unwrap_or_default(),
            );
        }
        self.egress.set_openings(openings);
        self.directory.replace(snapshot);
        self.waker.wake_all();
        Ok(())
    }

    /// Has what is wanted, or says what is wrong with it. What is running stays where anything is wrong.
    ///
    /// # Errors
    ///
    /// All mistakes at once, or those of the store.
    pub async fn apply(
        &self,
        desired: &Desired,
        prune: bool,
        dry_run: bool,
        language: &str,
    ) -> Result<Vec<Line>, ApplyError> {
        let _alone = self.changing.lock().await;
        let configuration = self.store.configuration().await?;
        let now = self.clock.now();
        let snapshot = if dry_run {
            Arc::new(self.with_looked_at(&configuration).await)
        } else {
            self.directory.now()
        };
        let plan = Planner {
            configuration: &configuration,
            snapshot: &snapshot,
            sandboxes: &self.sandboxes,
            vault: &self.vault,
            ceilings: &self.ceilings,
            language,
            now,
        }
        .plan(desired, prune)
        .await
        .map_err(ApplyError::Mistakes)?;
        if dry_run {
            return Ok(plan.lines);
        }
        let asks = |line: &&Line| line.consent.is_some();
        let asking: Vec<_> = plan.lines.iter().filter(asks).cloned().collect();
        if !asking.is_empty() {
            return Err(ApplyError::Consent(asking));
        }
        if !plan.changes.is_empty() {
            self.store.apply(plan.changes, now).await?;
            self.upgrade(None).await?;
            self.reload().await?;
        }
        Ok(plan.lines)
    }

    /// Looks at everything again, such as after dead letters were sent back into the queue.
    pub fn wake_all(&self) {
        self.waker.wake_all();
    }

    /// Sends a recipient's test messages, one after the other, up to the first that fails.
    ///
    /// # Errors
    ///
    /// Where there is nothing to send.
    pub async fn test(&self, tenant: &str, name: &str) -> Result<Vec<Tested>, TestError> {
        let snapshot = self.directory.now();
        let recipient = snapshot
            .recipient_named(tenant, name)
            .ok_or_else(|| TestError::NoRecipient(name.to_owned()))?;
        let now = self.clock.now();
        let call = Call::RunTest(recipient.seen.clone());
        let answer = self
            .sandboxes
            .call(tenant, &recipient.component.digest, now, call)
            .await;
        let messages = match answer.result {
            Ok(Answered::Messages(messages)) => messages,
            Ok(Answered::Invalid(problems)) => {
                let words: Vec<_> = problems
                    .into_iter()
                    .map(|problem| problem.message)
                    .collect();
                return Err(TestError::Invalid(words.join(", ")));
            }
            Ok(_) => {
                let fault = Fault::new(crate::outcome::Reason::Trap, "another function's answer");
                return Err(TestError::Fault(fault));
            }
            Err(fault) => return Err(TestError::Fault(fault)),
        };
        sandbox::check_messages(&messages, self.sandboxes.limits()).map_err(TestError::Fault)?;
        let delivery = uuid::Uuid::now_v7().to_string();
        let mut tested = Vec::new();
        for (number, message) in (0..).zip(messages) {
            let result = self
                .egress
                .send(&recipient.sender, &message, &delivery, number, now, |_| {
                    true
                })
                .await;
            let test = Tested { message, result };
            let failed = !test.is_delivered();
            tested.push(test);
            if failed {
                break;
            }
        }
        Ok(tested)
    }
}
