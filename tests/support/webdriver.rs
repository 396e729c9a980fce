//! A real browser, driven through ChromeDriver's WebDriver protocol.
//!
//! Each [`Browser`] is a ChromeDriver on a port of its own with one headless Chromium and a new
//! profile; dropping it ends both. Only what the tests use is here, as plain blocking calls: where
//! the protocol says no, the test panics with what it said.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Longest that one script may take: 48 tokens on a software adapter, beside a busy machine.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(240);

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How the browser is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Offer WebGPU, on the software adapter. Without it `requestAdapter` gives null.
    pub webgpu: bool,
    pub reduced_motion: bool,
    /// Send every request that is not for this machine to a proxy at this port.
    pub proxy_port: Option<u16>,
    /// Width and height of the window in CSS pixels.
    pub size: (u32, u32),
}

impl Default for Launch {
    fn default() -> Self {
        Self {
            webgpu: true,
            reduced_motion: false,
            proxy_port: None,
            size: (1440, 900),
        }
    }
}

/// A running browser with one window.
pub struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    profile: PathBuf,
}

impl Browser {
    pub fn launch(launch: &Launch) -> Self {
        let (driver, address) = start_driver();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None);
        let profile = new_profile(driver.id());
        let agent = config.build().new_agent();
        let mut browser = Self {
            driver,
            agent,
            session: format!("{address}/session"),
            profile,
        };
        let session = browser.call("POST", "", Some(&launch.capabilities(&browser.profile)));
        let id = session["sessionId"].as_str().expect("a session has an id");
        browser.session = format!("{address}/session/{id}");
        browser
    }

    #[track_caller]
    pub fn goto(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// Runs the body of an async function and gives what it returns.
    #[track_caller]
    pub fn run<T: DeserializeOwned>(&self, body: &str) -> T {
        let script = format!("return (async () => {{ {body} }})();");
        let value = self.post("/execute/sync", &json!({ "script": script, "args": [] }));
        serde_json::from_value(value.clone()).unwrap_or_else(|err| panic!("the page returned {value}: {err}"))
    }

    /// Seconds of processor time the page's main thread has taken so far, whatever else ran beside it.
    #[track_caller]
    pub fn main_thread_seconds(&self) -> f64 {
        let tool = |command: &str| {
            let params = json!({ "timeDomain": "threadTicks" });
            self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": params }))
        };
        tool("Performance.enable");
        let metrics = tool("Performance.getMetrics");
        let named = |metric: &&Value| metric["name"] == "TaskDuration";
        let found = metrics["metrics"]
            .as_array()
            .and_then(|all| all.iter().find(named));
        found
            .and_then(|metric| metric["value"].as_f64())
            .unwrap_or_else(|| panic!("no TaskDuration in {metrics}"))
    }

    /// Runs a script at the beginning of every page from now on.
    pub fn before_every_page(&self, script: &str) {
        let command = json!({
            "cmd": "Page.addScriptToEvaluateOnNewDocument",
            "params": { "source": script },
        });
        self.post("/goog/cdp/execute", &command);
    }

    /// Lets pages of an origin keep only so many bytes.
    #[track_caller]
    pub fn limit_storage(&self, origin: &str, bytes: u64) {
        let params = json!({ "origin": origin, "quotaSize": bytes });
        let command = json!({ "cmd": "Storage.overrideQuotaForOrigin", "params": params });
        self.post("/goog/cdp/execute", &command);
    }

    /// Waits until an expression is truthy in the page, and gives it.
    #[track_caller]
    pub fn wait_for<T: DeserializeOwned>(&self, what: &str, expression: &str, limit: Duration) -> T {
        let millis = limit.as_millis();
        let body = format!(
            "const end = performance.now() + {millis};
             for (;;) {{
               const value = await ({expression});
               if (value) return {{ value }};
               if (performance.now() > end) return null;
               await new Promise(resume => setTimeout(resume, 20));
             }}"
        );
        let found: Option<Value> = self.run(&body);
        let Some(found) = found else {
            let shot = self.screenshot("timeout");
            panic!(
                "waited {limit:?} for {what}; screenshot: {}; console: {:#?}",
                shot.display(),
                self.console()
            );
        };
        serde_json::from_value(found["value"].clone())
            .unwrap_or_else(|err| panic!("{what} is {found}: {err}"))
    }

    /// Clicks the first element a CSS selector finds, as a person would.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.post(&format!("/element/{}/click", self.find(selector)), &json!({}));
    }

    /// Presses a key on whatever has the focus; keys without a character have WebDriver's code points.
    #[track_caller]
    pub fn press(&self, key: &str) {
        let press = |kind: &str| json!({ "type": kind, "value": key });
        let keyboard =
            json!({ "type": "key", "id": "keyboard", "actions": [press("keyDown"), press("keyUp")] });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// Types into an element. For a file input, the text is the file's path.
    #[track_caller]
    pub fn type_into(&self, selector: &str, text: &str) {
        self.post(
            &format!("/element/{}/value", self.find(selector)),
            &json!({ "text": text }),
        );
    }

    /// The text of an element as it is shown.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.call("GET", &format!("/element/{}/text", self.find(selector)), None);
        text.as_str().unwrap_or_default().to_owned()
    }

    pub fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", &json!({ "width": width, "height": height }));
    }

    /// The page's own width and height, which a window cannot make as small.
    #[track_caller]
    pub fn viewport(&self, width: u32, height: u32) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.emulate("Emulation.setDeviceMetricsOverride", &params);
    }

    /// Paper or screen, and what the visitor prefers: `("forced-colors", "active")`.
    #[track_caller]
    pub fn emulate_media(&self, media: &str, features: &[(&str, &str)]) {
        let features: Vec<_> = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let params = json!({ "media": media, "features": features });
        self.emulate("Emulation.setEmulatedMedia", &params);
    }

    #[track_caller]
    fn emulate(&self, command: &str, params: &Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": params }));
    }

    /// Saves what the window shows as `target/screenshots/NAME.png`.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let png = self.call("GET", "/screenshot", None);
        let png = STANDARD
            .decode(png.as_str().unwrap_or_default())
            .expect("a screenshot is base64");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, png).expect("a screenshot is written");
        path
    }

    /// What the console said since it was last asked, as `LEVEL: message`.
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        let line = |entry: &Value| {
            let field = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            format!("{}: {}", field("level"), field("message"))
        };
        entries.as_array().into_iter().flatten().map(line).collect()
    }

    #[track_caller]
    fn find(&self, selector: &str) -> String {
        let element = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        element[ELEMENT]
            .as_str()
            .expect("an element has an id")
            .to_owned()
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, Some(body))
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        self.try_call(method, path, body)
            .unwrap_or_else(|err| panic!("WebDriver {method} {path}: {err}"))
    }

    fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let url = format!("{}{path}", self.session);
        let answer = match (method, body) {
            ("DELETE", _) => self.agent.delete(&url).call(),
            (_, Some(body)) => self
                .agent
                .post(&url)
                .content_type("application/json")
                .send(body.to_string()),
            (_, None) => self.agent.get(&url).call(),
        };
        let mut answer = answer.map_err(|err| err.to_string())?;
        let limited = answer.body_mut().with_config().limit(256 << 20);
        let text = limited.read_to_string().map_err(|err| err.to_string())?;
        let mut json: Value = serde_json::from_str(&text).map_err(|err| format!("{err} in {text}"))?;
        match json["value"]["error"].as_str() {
            Some(error) => Err(format!(
                "{error}: {}",
                json["value"]["message"].as_str().unwrap_or_default()
            )),
            None => Ok(json["value"].take()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the session ends Chromium; a driver that is killed first would leave it running.
        let _closed = self.try_call("DELETE", "", None);
        let _killed = self.driver.kill();
        let _reaped = self.driver.wait();
        let _removed = std::fs::remove_dir_all(&self.profile);
    }
}

impl Launch {
    fn capabilities(&self, profile: &Path) -> Value {
        let mut options = json!({ "args": self.flags(profile) });
        if let Some(chromium) = std::env::var_os("MOESCOPE_CHROMIUM") {
            options["binary"] = json!(chromium.to_string_lossy());
        }
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "strictFileInteractability": false,
            "timeouts": { "script": SCRIPT_TIMEOUT.as_millis() as u64, "pageLoad": 60_000 },
        } } })
    }

    fn flags(&self, profile: &Path) -> Vec<String> {
        let quiet = [
            "--headless=new",
            "--no-sandbox", // CI runs as root
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ];
        let mut flags: Vec<String> = quiet.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.display()));
        flags.push(format!("--window-size={},{}", self.size.0, self.size.1));
        if self.webgpu {
            flags.extend(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"].map(str::to_owned));
        }
        if self.reduced_motion {
            flags.push("--force-prefers-reduced-motion".to_owned());
        }
        if let Some(port) = self.proxy_port {
            flags.push(format!("--proxy-server=http://127.0.0.1:{port}"));
        }
        flags
    }
}

/// Starts ChromeDriver on a port of its own choice, which it prints.
fn start_driver() -> (Child, String) {
    let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
    let mut command = Command::new(&program);
    command
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut driver = command.spawn().unwrap_or_else(|err| {
        panic!("could not start {program:?} ({err}); `cargo xtask test` installs it or says how")
    });
    let lines = BufReader::new(driver.stdout.take().expect("standard output is piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let started = lines.find_map(|line| Some(line.split_once("successfully on port ")?.1.to_owned()));
    let port = started.expect("ChromeDriver says its port");
    // Somebody has to go on reading, or ChromeDriver would block on a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, format!("http://127.0.0.1:{}", port.trim_end_matches('.')))
}

fn new_profile(driver_id: u32) -> PathBuf {
    std::env::temp_dir().join(format!("moescope-browser-{}-{driver_id}", std::process::id()))
}
