//! Prints the WGSL of a kernel as the GPU compiles it.
//!
//! `cargo xtask expand KERNEL [FORMAT] [exact|int8]`

use moescope_engine::KvFormat;
use moescope_engine::kernels::{self, Form, Links, Shader};
use moescope_engine::quant::Format;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match expand(&args) {
        Ok(text) => print!("{text}"),
        Err(err) => {
            eprintln!("{err}");
            std::process::exit(1);
        }
    }
}

fn expand(args: &[String]) -> Result<String, String> {
    let stem = args.first().ok_or("usage: expand KERNEL [FORMAT] [exact|int8]")?;
    let shader = Shader::of(stem).ok_or_else(|| {
        let known: Vec<&str> = kernels::ALL.iter().map(|shader| shader.stem).collect();
        format!("no kernel named {stem}; there are {}", known.join(", "))
    })?;
    let name = args.get(1).map_or("q8_0", String::as_str);
    let quant = Format::ALL
        .iter()
        .find(|format| format.stem() == name.to_lowercase());
    let quant = quant.ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.stem()).collect();
        format!("no format named {name}; there are {}", known.join(", "))
    })?;
    let links = Links {
        quant: Some(*quant),
        kv: Some(KvFormat::F16),
        ..Links::default()
    };
    let form = args.get(2).map_or("exact", String::as_str);
    let int8 = match form {
        "exact" => false,
        "int8" => true,
        _ => return Err(format!("no form named {form}; there are exact, int8")),
    };
    let wanted = Form {
        tile: kernels::PREFILL_TILE,
        rows: kernels::MOST_ROWS,
        int8,
    };
    Ok(shader.link(links, shader.form(links, wanted)))
}
