//! Every way to link every shader is valid WGSL, and every uniform struct in WGSL has the fields
//! and offsets of its Rust twin. Shaders compile when a model is opened, so without this a broken
//! one would first fail in a visitor's tab.

use moescope_engine::KvFormat;
use moescope_engine::kernels::{self, Batch, Form, LinkKind, Links, Shader};
use moescope_engine::quant::Format;

/// All links a shader can be used with.
fn links_of(shader: &Shader) -> Vec<Links> {
    let needs = |kind| shader.links.contains(&kind);
    let quants: Vec<_> = if needs(LinkKind::Quant) {
        Format::ALL.iter().copied().map(Some).collect()
    } else {
        vec![None]
    };
    let kvs: Vec<_> = if needs(LinkKind::Kv) {
        KvFormat::ALL.iter().copied().map(Some).collect()
    } else {
        vec![None]
    };
    quants
        .iter()
        .flat_map(|quant| {
            kvs.iter().map(|kv| Links {
                quant: *quant,
                kv: *kv,
                ..Links::default()
            })
        })
        .collect()
}

/// Every linked text, parsed and validated with no optional capability: `unpack2x16float`, which
/// naga counts as one, is part of plain WGSL.
fn modules() -> Vec<(String, &'static Shader, naga::Module)> {
    let mut modules = Vec::new();
    for shader in kernels::ALL {
        for links in links_of(shader) {
            let mut forms: Vec<Form> = Form::all().map(|form| shader.form(links, form)).collect();
            forms.dedup();
            for form in forms {
                let name = format!("{} {links:?} {form:?}", shader.stem);
                let text = shader.link(links, form);
                let module = naga::front::wgsl::parse_str(&text)
                    .unwrap_or_else(|err| panic!("{name}: {}", err.emit_to_string(&text)));
                let flags = naga::valid::ValidationFlags::all();
                let mut validator =
                    naga::valid::Validator::new(flags, naga::valid::Capabilities::SHADER_FLOAT16_IN_FLOAT32);
                validator
                    .validate(&module)
                    .unwrap_or_else(|err| panic!("{name}: {err:?}"));
                modules.push((name, shader, module));
            }
        }
    }
    modules
}

fn fields(module: &naga::Module, name: &str) -> Vec<(String, usize)> {
    let found = module
        .types
        .iter()
        .find(|(_, ty)| ty.name.as_deref() == Some(name));
    let Some((
        _,
        naga::Type {
            inner: naga::TypeInner::Struct { members, .. },
            ..
        },
    )) = found
    else {
        panic!("no struct {name}");
    };
    let field =
        |member: &naga::StructMember| (member.name.clone().unwrap_or_default(), member.offset as usize);
    members.iter().map(field).collect()
}

fn owned(fields: &[(&str, usize)]) -> Vec<(String, usize)> {
    fields
        .iter()
        .map(|(name, offset)| ((*name).to_owned(), *offset))
        .collect()
}

#[test]
fn every_link_is_valid_and_its_uniforms_match_rust() {
    let modules = modules();
    assert!(modules.len() >= 2 * kernels::ALL.len());
    let int8 = modules
        .iter()
        .filter(|(name, ..)| name.contains("int8: true"))
        .count();
    assert!(int8 > 0, "no form in integers was linked");
    for (name, shader, module) in &modules {
        assert_eq!(fields(module, "Params"), owned(shader.params), "{name}: Params");
        assert_eq!(fields(module, "Batch"), owned(Batch::FIELDS), "{name}: Batch");
    }
}

#[test]
fn entry_point_is_the_stem_and_bindings_fit_webgpu_defaults() {
    for (name, shader, module) in modules() {
        let entries: Vec<&str> = module
            .entry_points
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(entries, [shader.stem], "{name}");
        let storage = module.global_variables.iter();
        let storage = storage.filter(|(_, var)| matches!(var.space, naga::AddressSpace::Storage { .. }));
        assert!(
            storage.count() <= 8,
            "{name}: WebGPU guarantees 8 storage buffers per stage"
        );
        // One that is alone takes all that WebGPU guarantees.
        let size = if shader.stem == "sample" {
            256
        } else {
            kernels::WORKGROUP_SIZE
        };
        assert_eq!(module.entry_points[0].workgroup_size, [size, 1, 1], "{name}");
    }
}

#[test]
fn kernels_are_listed_in_order() {
    assert!(kernels::ALL.is_sorted_by_key(|shader| shader.stem));
}

/// Chromium's compiler zeroes a variable that is declared without a value once per call, not each time it
/// is declared: in a loop it keeps what the turn before left in it. naga does as the standard says, so no
/// kernel test shows it.
#[test]
fn every_variable_is_given_its_first_value() {
    for shader in kernels::ALL {
        for links in links_of(shader) {
            for form in Form::all() {
                let text = shader.link(links, shader.form(links, form));
                let bare = text.lines().find(|line| {
                    line.starts_with(' ') && line.trim_start().starts_with("var ") && !line.contains('=')
                });
                assert_eq!(bare, None, "{} {links:?}", shader.stem);
            }
        }
    }
}
