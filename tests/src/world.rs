//! The program in this process: store, sandbox, way out and API, with a clock that a test can hold.

mod seen;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use campanile::app::{App, ApplyError, Contact, KeyPlace, Options};
use campanile::apply::{Line, Mistake, grant};
use campanile::clock::Clock;
use campanile::desired::Desired;
use campanile::egress::{self, EgressOptions};
use campanile::grant::Ceilings;
use campanile::sandbox;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::alert::alert;
use crate::dialled::Dialled;
use crate::limits::unhurried;
use crate::posted::Posted;
use crate::programs::{master_key, programs};
use crate::{Folder, Receiver};

/// What a `World` is made from.
pub struct WorldBuilder {
    folder: Folder,
    clock: Clock,
    limits: sandbox::Limits,
    egress: EgressOptions,
    desired: Value,
    components: Vec<Vec<u8>>,
    program: &'static str,
    shares_key: bool,
    ceilings: Ceilings,
}

impl WorldBuilder {
    /// Another program for its sandbox processes, one of this package's.
    #[must_use]
    pub fn sandbox_program(mut self, name: &'static str) -> Self {
        self.program = name;
        self
    }

    /// A master key of its own, as another installation has.
    #[must_use]
    pub fn other_master_key(mut self) -> Self {
        self.shares_key = false;
        self
    }

    /// Puts ceilings over tenants.
    #[must_use]
    pub fn ceilings(mut self, ceilings: Ceilings) -> Self {
        self.ceilings = ceilings;
        self
    }

    /// Trusts this certificate too, in DER.
    #[must_use]
    pub fn trusting(mut self, certificate: Vec<u8>) -> Self {
        self.egress.roots.push(certificate.into());
        self
    }

    /// A clock that stands still until the test moves it.
    #[must_use]
    pub fn held_clock(mut self) -> Self {
        self.clock = Clock::manual(World::START);
        self
    }

    /// Other limits on foreign code.
    #[must_use]
    pub fn limits(mut self, limits: sandbox::Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Other limits on the way out.
    #[must_use]
    pub fn egress(mut self, limits: egress::Limits) -> Self {
        self.egress.limits = limits;
        self
    }

    /// Other names and addresses than the system's.
    #[must_use]
    pub fn network(mut self, resolver: egress::Resolver, own: Vec<IpAddr>) -> Self {
        self.egress.resolver = resolver;
        self.egress.interfaces = egress::Interfaces::Fixed(own);
        self
    }

    /// Installs a component before anything is applied.
    #[must_use]
    pub fn component(mut self, wasm: &[u8]) -> Self {
        self.components.push(wasm.to_vec());
        self
    }

    /// What is applied at the start, as JSON of [`Desired`].
    #[must_use]
    pub fn desired(mut self, desired: Value) -> Self {
        self.desired = desired;
        self
    }

    /// A webhook endpoint and recipient, both named `hook`, that send one alert a request to this receiver.
    #[must_use]
    pub fn webhook(self, receiver: &Receiver) -> Self {
        self.webhook_with(receiver, &json!({"alerts_per_request": "1"}))
    }

    /// The same with parameters.
    #[must_use]
    pub fn webhook_with(self, receiver: &Receiver, params: &Value) -> Self {
        let mut all = json!({"url": receiver.url("/hook")});
        if let (Some(all), Some(params)) = (all.as_object_mut(), params.as_object()) {
            all.extend(params.clone());
        }
        self.desired(json!({
            "endpoints": [{"name": "hook", "component": "webhook", "params": all}],
            "recipients": [{"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"}],
            "networks": [{"allow": [receiver.opening()]}],
        }))
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// Where anything fails.
    pub async fn start(self) -> World {
        let Self {
            folder,
            clock,
            limits,
            egress,
            desired,
            components,
            program,
            shares_key,
            ceilings,
        } = self;
        let mut options = Options::new(folder.path().join("data"));
        options.program = programs().join(program);
        if shares_key {
            options.key = Some(KeyPlace::File(master_key(folder.path())));
            options.code = Some(programs().join("campanile-test-code"));
        }
        options.clock = clock.clone();
        options.limits = limits.clone();
        options.ceilings = ceilings.clone();
        options.egress = egress.clone();
        let app = App::open(options).await.expect("the program opens");
        for wasm in components {
            app.install(wasm).await.expect("the component fits");
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port of loopback");
        let address = listener.local_addr().expect("its address");
        let contact = app
            .announce(&folder.path().join("data"), address)
            .await
            .expect("tokens");
        let desired: Desired = serde_json::from_value(desired).expect("a desired state");
        if let Err(error) = apply_and_grant(&app, desired, "en").await {
            panic!("{error}");
        }
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn({
            let app = app.clone();
            async move { app.run(listener, stopped).await }
        });
        World {
            _dialled: Dialled::of(&app.egress),
            folder,
            app,
            clock,
            contact,
            address,
            stop,
            running,
            client: reqwest::Client::new(),
            limits,
            egress,
            program,
            shares_key,
            ceilings,
        }
    }
}

/// Applies a desired state, and allows whatever its endpoints ask.
async fn apply_and_grant(
    app: &App,
    mut desired: Desired,
    language: &str,
) -> Result<Vec<Line>, ApplyError> {
    let lines = app.apply(&desired, false, true, language).await?;
    grant(&mut desired, &lines);
    app.apply(&desired, false, false, language).await
}

/// A running program.
pub struct World {
    folder: Folder,
    /// The program.
    pub app: Arc<App>,
    /// Its clock.
    pub clock: Clock,
    /// Its tokens.
    pub contact: Contact,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<anyhow::Result<()>>,
    client: reqwest::Client,
    limits: sandbox::Limits,
    egress: EgressOptions,
    /// What every test of a world ends with.
    _dialled: Dialled,
    program: &'static str,
    shares_key: bool,
    ceilings: Ceilings,
}

impl World {
    /// Where a held clock starts: 2026-01-02 03:04:05 UTC.
    pub const START: u64 = 1_767_323_045_000;

    /// What it can be made from.
    #[must_use]
    pub fn builder() -> WorldBuilder {
        WorldBuilder {
            folder: Folder::new(),
            clock: Clock::System,
            limits: unhurried(),
            egress: EgressOptions::default(),
            desired: json!({}),
            components: Vec::new(),
            program: "campanile-under-test",
            shares_key: true,
            ceilings: Ceilings::default(),
        }
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its address.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Posts a body as it is with a token.
    ///
    /// # Panics
    ///
    /// Where there is no answer.
    pub async fn post_raw(
        &self,
        path: &str,
        token: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> Posted {
        let mut request = self.client.post(self.url(path)).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        Posted {
            status,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// Posts native alerts.
    pub async fn post(&self, alerts: &Value) -> Posted {
        self.post_raw(
            "/api/v1/alerts",
            Some(&self.contact.ingest_token),
            alerts.to_string(),
        )
        .await
    }

    /// Posts one alert of this kind, which is taken in.
    ///
    /// # Panics
    ///
    /// Where it is not.
    pub async fn tell(&self, kind: &str) {
        let posted = self.post(&alert(kind, &json!({}))).await;
        assert_eq!(posted.status, 202, "{}", posted.body);
    }

    /// Posts JSON to the API as an administrator.
    ///
    /// # Panics
    ///
    /// Where there is no JSON answer.
    pub async fn administer(&self, path: &str, body: &Value) -> Posted {
        let request = self
            .client
            .post(self.url(path))
            .bearer_auth(&self.contact.admin_token)
            .header("content-type", "application/json")
            .body(body.to_string());
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        Posted {
            status,
            body: serde_json::from_str(&response.text().await.expect("a body")).expect("JSON"),
        }
    }

    /// Asks the API as an administrator.
    ///
    /// # Panics
    ///
    /// Where there is no JSON answer.
    pub async fn get(&self, path: &str) -> Posted {
        let request = self
            .client
            .get(self.url(path))
            .bearer_auth(&self.contact.admin_token);
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        Posted {
            status,
            body: serde_json::from_str(&response.text().await.expect("a body")).expect("JSON"),
        }
    }

    /// Applies a desired state.
    ///
    /// # Errors
    ///
    /// The mistakes in it.
    ///
    /// # Panics
    ///
    /// Where the store fails.
    pub async fn apply(&self, desired: Value, language: &str) -> Result<usize, Vec<Mistake>> {
        let desired: Desired = serde_json::from_value(desired).expect("a desired state");
        match apply_and_grant(&self.app, desired, language).await {
            Ok(lines) => Ok(lines.len()),
            Err(ApplyError::Mistakes(mistakes)) => Err(mistakes),
            Err(error) => panic!("{error}"),
        }
    }

    /// Moves a held clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Stops the program and starts it again on the same data, under other ceilings.
    ///
    /// # Panics
    ///
    /// Where anything fails.
    pub async fn restart_under(self, ceilings: Ceilings) -> Self {
        Self { ceilings, ..self }.restart().await
    }

    /// Stops the program and starts it again on the same data.
    ///
    /// # Panics
    ///
    /// Where anything fails.
    pub async fn restart(self) -> Self {
        let Self {
            folder,
            app,
            clock,
            stop,
            running,
            limits,
            egress,
            program,
            shares_key,
            ceilings,
            ..
        } = self;
        let _ = stop.send(true);
        running.await.expect("no panic").expect("a clean end");
        app.store.clone().close().await.expect("the store closes");
        drop(app);
        let builder = WorldBuilder {
            folder,
            clock,
            limits,
            egress,
            desired: json!({}),
            components: Vec::new(),
            program,
            shares_key,
            ceilings,
        };
        builder.start().await
    }
}
