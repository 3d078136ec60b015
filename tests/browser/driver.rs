//! A small WebDriver client: starts chromedriver on a free port and speaks its JSON over HTTP (W3C WebDriver).

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// One browser session; ends with its processes when dropped.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
    // Kept open: chromedriver would die of a closed pipe.
    _output: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts chromedriver and a headless Chromium, or says what is missing.
    pub fn start() -> Result<Browser, String> {
        // It takes a free port of one family of addresses, and ends where that is taken in the other.
        let started = (0..5).find_map(|_| start_driver().transpose());
        let (driver, output, port) = started.ok_or("chromedriver did not say its port")??;
        let profile = tempfile::tempdir().map_err(|e| e.to_string())?;
        let mut browser =
            Browser { driver, port, session: String::new(), _profile: profile, _output: output };
        let args = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            format!("--user-data-dir={}", browser._profile.path().display()),
        ]);
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL"}}}});
        let answer = browser.post("/session", &wanted)?;
        browser.session = answer["sessionId"].as_str().ok_or("chromedriver gave no session")?.to_owned();
        Ok(browser)
    }

    /// Opens an address and waits until it is loaded.
    pub fn open(&mut self, url: &str) {
        self.call("url", &json!({ "url": url }));
    }

    /// Runs a script and gives its text answer.
    pub fn run(&mut self, script: &str) -> String {
        let value = self.call("execute/sync", &json!({"script": script, "args": []}));
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// Clicks the element that a CSS selector finds.
    pub fn click(&mut self, selector: &str) {
        // In the middle, where no bar lies over it.
        self.run(&format!(
            "document.querySelector({selector:?})?.scrollIntoView({{ block: 'center' }}); return ''"
        ));
        let element = self.element(selector);
        let path = format!("/session/{}/element/{element}/click", self.session);
        self.post(&path, &json!({})).unwrap_or_else(|why| panic!("{selector}: {why}"));
    }

    /// Types into the element that a CSS selector finds.
    pub fn keys(&mut self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.call(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Waits until a script's condition holds, for two minutes at most.
    pub fn until(&mut self, condition: &str) {
        let end = Instant::now() + Duration::from_secs(120);
        while self.run(&format!("return String(Boolean({condition}))")) != "true" {
            assert!(
                Instant::now() < end,
                "{condition} does not hold:\n{}\n{:?}",
                self.run("return document.body.innerText"),
                self.console()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses and lets go of a key, in whatever has the focus; no key is pressed for none.
    pub fn press(&mut self, key: &str) {
        if key.is_empty() {
            return;
        }
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.call("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
    }

    /// What the console has been sent since the last look.
    pub fn console(&mut self) -> Vec<String> {
        let lines = self.call("se/log", &json!({"type": "browser"}));
        let lines = lines.as_array().cloned().unwrap_or_default();
        lines.iter().map(|line| format!("{} {}", line["level"], line["message"])).collect()
    }

    /// Kills the tab, as a crash or the user does, and goes on in a new one.
    pub fn other_tab(&mut self) {
        let made = self.call("window/new", &json!({"type": "tab"}));
        self.call("goog/cdp/execute", &json!({"cmd": "Page.close", "params": {}}));
        self.call("window", &json!({"handle": made["handle"]}));
    }

    /// Opens another tab beside this one and goes to it; gives the way back.
    pub fn second_tab(&mut self) -> String {
        let before = self.call_get("window");
        let made = self.call("window/new", &json!({"type": "tab"}));
        self.call("window", &json!({"handle": made["handle"]}));
        before.as_str().expect("a handle").to_owned()
    }

    /// Closes this tab and goes to another one.
    pub fn back_to(&mut self, tab: &str) {
        self.command("Page.close", &json!({}));
        self.call("window", &json!({ "handle": tab }));
    }

    /// The tabs that are open.
    pub fn tabs(&mut self) -> Vec<String> {
        let all = self.call_get("window/handles");
        all.as_array().into_iter().flatten().filter_map(|tab| tab.as_str().map(str::to_owned)).collect()
    }

    /// The tab that opens beside these.
    pub fn new_tab(&mut self, known: &[String]) -> String {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(tab) = self.tabs().into_iter().find(|tab| !known.contains(tab)) {
                return tab;
            }
            assert!(Instant::now() < end, "no tab opens");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Goes to a tab.
    pub fn go_to(&mut self, tab: &str) {
        self.call("window", &json!({ "handle": tab }));
    }

    /// Runs a script in each page that this tab opens from now on, before the page's own.
    pub fn inject(&mut self, script: &str) {
        self.command("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
    }

    /// Lets the tab save files into this folder without asking.
    pub fn download_to(&mut self, folder: &Path) {
        let folder = folder.display().to_string();
        self.command("Browser.setDownloadBehavior", &json!({"behavior": "allow", "downloadPath": folder}));
    }

    /// What the browser's processes have had of the processor, in milliseconds, where the system tells.
    pub fn processor_time(&self) -> Option<u64> {
        // Of each process: its number, its parent, and its time in the unit of a hundredth of a second.
        let one = |text: String| -> Option<(u32, u32, u64)> {
            let (number, rest) = text.split_once(' ')?;
            let fields: Vec<&str> = rest.rsplit_once(')')?.1.split_whitespace().collect();
            let time = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
            Some((number.parse().ok()?, fields.get(1)?.parse().ok()?, time))
        };
        let entries = std::fs::read_dir("/proc").ok()?.flatten();
        let all = entries.filter_map(|entry| one(std::fs::read_to_string(entry.path().join("stat")).ok()?));
        let all: Vec<(u32, u32, u64)> = all.collect();
        let mut own = vec![self.driver.id()];
        let mut at = 0;
        while let Some(parent) = own.get(at).copied() {
            own.extend(all.iter().filter(|one| one.1 == parent).map(|one| one.0));
            at += 1;
        }
        Some(all.iter().filter(|one| own.contains(&one.0)).map(|one| 10 * one.2).sum())
    }

    /// How long a processor of the machine has had nothing to do, in milliseconds, where the system tells.
    pub fn idle_time() -> Option<u64> {
        let text = std::fs::read_to_string("/proc/stat").ok()?;
        // Of all processors together, in hundredths of a second: user, nice, system, idle, waiting for a disk.
        let all: Vec<u64> =
            text.lines().next()?.split_whitespace().skip(1).map_while(|field| field.parse().ok()).collect();
        let processors = text.lines().filter(|line| line.starts_with("cpu")).count().checked_sub(1)?;
        (10 * (all.get(3)? + all.get(4)?)).checked_div(processors as u64)
    }

    /// What the window shows, as a PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let shot = self
            .call("goog/cdp/execute", &json!({"cmd": "Page.captureScreenshot", "params": {"format": "png"}}));
        of_base64(shot["data"].as_str().expect("a picture"))
    }

    /// Sets the window's size in pixels by the emulated screen, since a headless window has a least width.
    pub fn resize(&mut self, width: u32, height: u32) {
        let params = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": true});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": params});
        self.call("goog/cdp/execute", &command);
    }

    /// Makes pages believe that the system is dark.
    pub fn dark(&mut self) {
        let dark = json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]});
        self.call("goog/cdp/execute", &json!({"cmd": "Emulation.setEmulatedMedia", "params": dark}));
    }

    fn command(&mut self, name: &str, params: &Value) -> Value {
        self.call("goog/cdp/execute", &json!({"cmd": name, "params": params}))
    }

    fn element(&mut self, selector: &str) -> String {
        let found = self.call("element", &json!({"using": "css selector", "value": selector}));
        let id = found.as_object().and_then(|o| o.values().next()).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("no element {selector}")).to_owned()
    }

    fn call(&mut self, what: &str, body: &Value) -> Value {
        let path = format!("/session/{}/{what}", self.session);
        self.post(&path, body).unwrap_or_else(|why| panic!("{what}: {why}"))
    }

    fn call_get(&mut self, what: &str) -> Value {
        let path = format!("/session/{}/{what}", self.session);
        self.ask("GET", &path, "").unwrap_or_else(|why| panic!("{what}: {why}"))
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Value, String> {
        self.ask("POST", path, &body.to_string())
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Value, String> {
        let fault = |e: std::io::Error| format!("WebDriver {path}: {e}");
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(fault)?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(fault)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .map_err(fault)?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).map_err(fault)? == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| "no length in the answer")?;
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).map_err(fault)?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
        match answer["value"]["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", answer["value"]["message"])),
            None => Ok(answer["value"].clone()),
        }
    }
}

/// A chromedriver, its output and its port; `None` where it ends before it has one.
fn start_driver() -> Result<Option<(Child, BufReader<ChildStdout>, u16)>, String> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("chromedriver cannot be started ({e}); install chromium and chromium-driver"))?;
    let mut output = BufReader::new(driver.stdout.take().ok_or("no output of chromedriver")?);
    // "ChromeDriver was started successfully on port 12345."
    let port = output.by_ref().lines().map_while(Result::ok).find_map(|line| {
        line.split("successfully on port ").nth(1)?.trim_end_matches('.').trim().parse::<u16>().ok()
    });
    if let Some(port) = port {
        return Ok(Some((driver, output, port)));
    }
    let _ = driver.kill();
    let _ = driver.wait();
    Ok(None)
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Ends Chromium itself; chromedriver then goes too.
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                let _ = write!(
                    stream,
                    "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                    self.session
                );
                // The answer's first byte says that the session has ended; the connection itself may stay open.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
                let _ = stream.read(&mut [0]);
            }
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn of_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).expect("base64") as u32;
    let digits: Vec<u32> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let group = |four: &[u32]| {
        let all = four.iter().fold(0, |all, digit| all << 6 | digit) << (6 * (4 - four.len()));
        all.to_be_bytes()[1..four.len()].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}
