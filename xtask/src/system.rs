//! What the tests need of the system: a browser, its driver and a Vulkan device.

use std::path::Path;

use anyhow::{Result, bail};

use crate::shell;

/// One thing the tests need, how it is recognised, and what brings it on Debian.
struct Need {
    what: &'static str,
    is_met: fn() -> bool,
    debian: &'static [&'static str],
}

const NEEDS: [Need; 4] = [
    Need {
        what: "npm (for axe-core)",
        is_met: || shell::has("npm"),
        debian: &["npm"],
    },
    Need {
        what: "Chromium (on the PATH as `chromium`, or its path in MOESCOPE_CHROMIUM)",
        is_met: || program("MOESCOPE_CHROMIUM", "chromium"),
        debian: &["chromium"],
    },
    Need {
        what: "ChromeDriver of the same version (on the PATH as `chromedriver`, or its path in CHROMEDRIVER)",
        is_met: || program("CHROMEDRIVER", "chromedriver"),
        debian: &["chromium-driver"],
    },
    Need {
        what: "a Vulkan loader and driver (Mesa's lavapipe needs no graphics card)",
        is_met: has_gpu_driver,
        debian: &["libvulkan1", "mesa-vulkan-drivers"],
    },
];

/// Installs what is missing on Debian as root; elsewhere says what it is.
pub fn ensure() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.is_met)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.debian).copied().collect();
    if is_debian() && is_root() {
        return install(&packages);
    }
    let list: String = missing
        .iter()
        .map(|need| format!("\n  - {}", need.what))
        .collect();
    if is_debian() {
        bail!(
            "the tests need:{list}\nRun `apt-get install {}` as root, then this again.",
            packages.join(" ")
        );
    }
    bail!("the tests need:{list}\nInstall these, then run this again.");
}

fn install(packages: &[&str]) -> Result<()> {
    println!("installing {}", packages.join(" "));
    let apt =
        |args: &[&str]| shell::run(shell::command("apt-get", args).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "--quiet"])?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    apt(&[&install, packages].concat())
}

fn program(variable: &str, name: &str) -> bool {
    std::env::var_os(variable).map_or_else(|| shell::has(name), |path| Path::new(&path).is_file())
}

/// On Linux a Vulkan loader and at least one driver's manifest; other systems bring their own API.
fn has_gpu_driver() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let drivers = [
        "/usr/share/vulkan/icd.d",
        "/etc/vulkan/icd.d",
        "/usr/local/share/vulkan/icd.d",
    ];
    let is_filled =
        |folder: &&str| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    let is_named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    has_vulkan_loader() && (is_named || drivers.iter().any(is_filled))
}

/// As the dynamic linker sees it, so that the folder does not matter.
fn has_vulkan_loader() -> bool {
    let ldconfig = ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"];
    let cache = ldconfig
        .iter()
        .find_map(|program| shell::output(&mut shell::command(program, &["-p"])).ok());
    cache.is_some_and(|cache| cache.contains("libvulkan.so.1"))
}

fn is_debian() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

fn is_root() -> bool {
    shell::output(&mut shell::command("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}
