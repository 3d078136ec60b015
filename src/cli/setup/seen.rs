//! What was seen of the machine, in plain values.

use crate::programmer::Possible;

/// Everything that [`super::judge()`] decides from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The programmer is an emulated one, as in `-p`: the machine does not matter.
    pub emulated: Option<String>,
    /// The operating system.
    pub system: System,
    /// What the system runs inside of, where that is known.
    pub inside: Option<Inside>,
    /// The folder with the nodes of USB devices is there.
    pub nodes: bool,
    /// The rules that let users open programmers.
    pub rules: Rules,
    /// The user.
    pub user: User,
    /// The programmers that libusb lists; its complaint where it does not.
    pub programmers: Result<Vec<Programmer>, String>,
    /// Devices that are plugged in, are no programmers, and are often taken for one.
    pub others: Vec<Other>,
    /// What may be a programmer and has to be named.
    pub possible: Vec<Possible>,
    /// The programmer that was named, where it is none of USB: a serial port, a socket, a spidev node.
    pub place: Option<String>,
    /// What the chip answered.
    pub chip: Answer,
    /// Where backups go: the folder, and why it cannot be written to.
    pub store: Result<String, String>,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            emulated: None,
            system: System::default(),
            inside: None,
            nodes: false,
            rules: Rules::default(),
            user: User::default(),
            programmers: Ok(Vec::new()),
            others: Vec::new(),
            possible: Vec::new(),
            place: None,
            chip: Answer::NotAsked,
            store: Ok(String::new()),
        }
    }
}

/// The operating system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    /// Linux.
    #[default]
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    Mac,
    /// Another one.
    Other,
}

/// What a Linux may run inside of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// A container.
    Container,
    /// The Windows Subsystem for Linux.
    Wsl,
}

/// The rules file for udev.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// Ours, at this path.
    Installed(String),
    /// One with our name and other contents, at this path: an older one, or changed by hand.
    Differs(String),
    /// None with our name, but another program's that names this programmer, at this path.
    Foreign(String),
    /// None.
    #[default]
    Missing,
}

/// Who runs the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Effective user id; 0 is root.
    pub id: Option<u32>,
    /// The group that the rules name exists.
    pub group_exists: bool,
    /// This process is in it.
    pub in_group: bool,
    /// The user database lists the user in it, which counts from the next login on.
    pub group_pending: bool,
}

/// A programmer that is plugged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programmer {
    /// As in `-p`; none for a CH341 in UART mode.
    pub spec: Option<String>,
    /// USB path, `1-2.3`.
    pub path: String,
    /// Why it cannot be used.
    pub problem: Problem,
    /// The kernel drivers that hold its interfaces.
    pub drivers: Vec<String>,
}

impl Programmer {
    /// Nothing prevents opening it.
    pub fn is_usable(&self) -> bool {
        self.spec.is_some() && self.problem == Problem::None
    }
}

/// Why a programmer cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Problem {
    /// Nothing prevents it.
    #[default]
    None,
    /// The system refuses to open it.
    Denied,
    /// Anything else, in words.
    Other(String),
}

/// A device that is no programmer and looks like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// USB path.
    pub path: String,
    /// Vendor and product id, `1a86:5523`.
    pub id: String,
}

/// What the chip under the clip said when asked for its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was not asked: no programmer that could be used, or more than one.
    NotAsked,
    /// The same id every time.
    Steady(String),
    /// An id in so many of a hundred reads.
    Unsteady(u32),
    /// Nothing but ones.
    High,
    /// Nothing but zeros.
    Low,
    /// Something else drives the data line while no chip is selected.
    Toggling,
    /// The programmer failed.
    Failed(String),
}
