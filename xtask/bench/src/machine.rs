//! What the numbers were measured on, and at which state of the project.

use std::time::{SystemTime, UNIX_EPOCH};

use xtask::{dist, shell};

use crate::record::{Session, Wasm};

/// Describes this machine, now.
pub fn session(rounds: u32, note: &str) -> Session {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    Session {
        date: date(seconds),
        commit: said("git", &["rev-parse", "--short", "HEAD"]),
        machine: machine(),
        browser: said("chromium", &["--version"]),
        rounds,
        wasm: wasm(),
        note: note.to_owned(),
    }
}

/// The page's programs; none where it was not built.
fn wasm() -> Vec<Wasm> {
    let sizes = dist::sizes();
    let programs = sizes.iter().flat_map(|sizes| sizes.programs());
    programs
        .map(|size| Wasm {
            program: size.program.into(),
            raw_bytes: size.raw_bytes,
            gzip_bytes: size.gzip_bytes,
        })
        .collect()
}

/// The first line a program prints, or that it is not known.
fn said(program: &str, args: &[&str]) -> String {
    let output = shell::output(&mut shell::command(program, args)).unwrap_or_default();
    match output.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => format!("{program} unknown"),
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = |key: &str| {
        let line = info.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = named("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let flags = named("flags").unwrap_or_default();
    let has = |flag: &&&str| flags.split(' ').any(|known| known == **flag);
    let simd = ["avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8"];
    let simd: Vec<&str> = simd.iter().filter(has).copied().collect();
    format!("{cores} cores of {name} ({})", simd.join(", "))
}

/// A calendar date from seconds since 1970, by the civil calendar's 400-year cycle.
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468; // since 1 March of year 0
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153; // 0: March
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day_of_month:02}", year + cycle * 400 + next)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn seconds_become_a_calendar_date() {
        let day = 86_400;
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(59 * day - 1), "1970-02-28");
        assert_eq!(date(11_016 * day), "2000-02-29");
        assert_eq!(date(20_454 * day + 5), "2026-01-01");
    }
}
