//! The colours of the page: shades even in lightness, ink that can be read on each, and differences that
//! stay different for every kind of colour vision.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Red, green and blue of linear light.
type Light = [f64; 3];

/// A theme with a palette: what its custom properties are.
struct Set {
    name: &'static str,
    colours: BTreeMap<String, Light>,
}

fn sets() -> Vec<Set> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/colours.css");
    let css = fs::read_to_string(path).expect("the colours");
    let block = |selector: &str| -> BTreeMap<String, Light> {
        let at = css.find(selector).unwrap_or_else(|| panic!("no {selector}"));
        let body = css[at..].split('}').next().expect("it ends");
        body.split(';').filter_map(declaration).collect()
    };
    let light = block(":root {");
    let over = |base: &BTreeMap<String, Light>, more: BTreeMap<String, Light>| {
        let mut all = base.clone();
        all.extend(more);
        all
    };
    let dark = over(&light, block(":root[data-theme=\"dark\"] {"));
    let (viridis, cividis) = (
        block("[data-palette=\"viridis\"]"),
        block("[data-palette=\"cividis\"]"),
    );
    vec![
        Set {
            name: "dark",
            colours: dark.clone(),
        },
        Set {
            name: "light and viridis",
            colours: over(&light, viridis),
        },
        Set {
            name: "dark and cividis",
            colours: over(&dark, cividis),
        },
        Set {
            name: "light",
            colours: light,
        },
    ]
}

/// `--name: #rrggbb`.
fn declaration(text: &str) -> Option<(String, Light)> {
    let (name, value) = text.rsplit("--").next()?.split_once(": #")?;
    let number = u32::from_str_radix(value.trim(), 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    // sRGB (IEC 61966-2-1).
    let linear = |byte: u8| {
        let share = f64::from(byte) / 255.0;
        if share <= 0.040_45 {
            share / 12.92
        } else {
            ((share + 0.055) / 1.055).powf(2.4)
        }
    };
    Some((name.to_owned(), [red, green, blue].map(linear)))
}

impl Set {
    fn get(&self, name: &str) -> Light {
        *self
            .colours
            .get(name)
            .unwrap_or_else(|| panic!("{} has no --{name}", self.name))
    }
}

fn luminance([red, green, blue]: Light) -> f64 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Of WCAG 2.
fn contrast(one: Light, other: Light) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// L* of CIELAB.
fn lightness(light: Light) -> f64 {
    let y = luminance(light);
    if y > 0.008_856 {
        116.0 * y.cbrt() - 16.0
    } else {
        903.3 * y
    }
}

#[test]
fn text_can_be_read_on_every_ground() {
    /// WCAG 2, level AA.
    const READABLE: f64 = 4.5;
    for set in sets() {
        let mut pairs: Vec<(String, String)> = [
            ("ink", "ground"),
            ("ink", "paper"),
            ("quiet", "ground"),
            ("quiet", "paper"),
            ("accent-ink", "accent"),
            ("warn", "warn-soft"),
            ("ink", "accent-soft"),
        ]
        .map(|(ink, ground)| (ink.into(), ground.into()))
        .to_vec();
        pairs.extend((0..10).map(|level| (format!("shade-ink-{level}"), format!("shade-{level}"))));
        pairs.extend((0..9).map(|level| (format!("diverging-ink-{level}"), format!("diverging-{level}"))));
        for (ink, ground) in pairs {
            let ratio = contrast(set.get(&ink), set.get(&ground));
            assert!(
                ratio >= READABLE,
                "{}: --{ink} on --{ground} has {ratio:.2}",
                set.name
            );
        }
        for line in ["accent", "edge"] {
            let ratio = contrast(set.get(line), set.get("paper"));
            assert!(ratio >= 3.0, "{}: --{line} on --paper has {ratio:.2}", set.name);
        }
    }
}

#[test]
fn shades_go_one_way_in_even_steps() {
    for set in sets() {
        let levels: Vec<f64> = (0..10)
            .map(|level| lightness(set.get(&format!("shade-{level}"))))
            .collect();
        let steps: Vec<f64> = levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(
            steps.iter().all(|step| step.signum() == steps[0].signum()),
            "{}: {levels:.1?}",
            set.name
        );
        let least = steps.iter().map(|step| step.abs()).fold(f64::INFINITY, f64::min);
        assert!(
            least >= 2.5,
            "{}: two shades are {least:.1} of L* apart",
            set.name
        );
    }
}

#[test]
fn less_and_more_are_told_apart_without_red_or_green() {
    /// Viénot, Brettel and Mollon (1999): what is left of linear light without one kind of cone.
    const VISIONS: [(&str, [[f64; 3]; 3]); 2] = [
        (
            "protanopia",
            [
                [0.112_38, 0.887_62, 0.0],
                [0.112_38, 0.887_62, 0.0],
                [0.004_0, -0.004_0, 1.0],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.292_75, 0.707_25, 0.0],
                [0.292_75, 0.707_25, 0.0],
                [-0.022_34, 0.022_34, 1.0],
            ],
        ),
    ];
    for set in sets() {
        for (vision, matrix) in VISIONS {
            let seen =
                |light: Light| -> Light { matrix.map(|row| row.iter().zip(light).map(|(a, b)| a * b).sum()) };
            for step in 1..=3 {
                let less = seen(set.get(&format!("diverging-{}", 4 - step)));
                let more = seen(set.get(&format!("diverging-{}", 4 + step)));
                // Blue against the rest: what both visions keep.
                let warmth = |light: Light| light[0].max(0.0).cbrt() - light[2].max(0.0).cbrt();
                let apart = warmth(less) - warmth(more);
                assert!(apart >= 0.12, "{}, {vision}, step {step}: {apart:.3}", set.name);
            }
        }
    }
}
