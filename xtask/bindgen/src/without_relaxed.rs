//! A program without relaxed SIMD made from one with it, so that one compilation serves both kinds of
//! browser.
//!
//! The kernels use one relaxed instruction, the dot product of signed bytes with bytes of 0 … 127, and only
//! with operands for which every processor gives the same result. In its place come the widening products
//! and pairwise sums of simd128, which are exact too. The compiler itself uses relaxed minimum and maximum
//! where it knows that nothing depends on NaN or the sign of zero.

use anyhow::{Result, bail};
use walrus::ir::{self, BinaryOp, Instr, InstrLocId, InstrSeq, TernaryOp, UnaryOp, VisitorMut};
use walrus::{LocalId, Module, ModuleConfig, ValType};

/// The program without relaxed SIMD; none where it uses no such instruction.
///
/// # Errors
/// It uses one that has no replacement here, or is no wasm.
pub fn rewrite(wasm: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut module = ModuleConfig::new().parse(wasm)?;
    let mut n_rewritten = 0;
    let Module { funcs, locals, .. } = &mut module;
    for (_, function) in funcs.iter_local_mut() {
        let mut rewriter = Rewriter {
            new_local: || locals.add(ValType::V128),
            locals: None,
            n_rewritten: 0,
            unknown: None,
        };
        let entry = function.entry_block();
        ir::dfs_pre_order_mut(&mut rewriter, function, entry);
        if let Some(unknown) = rewriter.unknown {
            bail!("{unknown} has no replacement without relaxed SIMD (xtask/bindgen/src/without_relaxed.rs)");
        }
        n_rewritten += rewriter.n_rewritten;
    }
    Ok((n_rewritten > 0).then(|| module.emit_wasm()))
}

/// Rewrites one function.
struct Rewriter<F> {
    new_local: F,
    /// Those that the replacement needs, in functions that have one.
    locals: Option<[LocalId; 4]>,
    n_rewritten: usize,
    unknown: Option<String>,
}

impl<F: FnMut() -> LocalId> VisitorMut for Rewriter<F> {
    fn start_instr_seq_mut(&mut self, seq: &mut InstrSeq) {
        if !seq.instrs.iter().any(|(instr, _)| is_relaxed(instr)) {
            return;
        }
        let locals = *self
            .locals
            .get_or_insert_with(|| std::array::from_fn(|_| (self.new_local)()));
        let mut instrs = Vec::with_capacity(seq.instrs.len() + 16);
        for (instr, at) in seq.instrs.drain(..) {
            if is_dot(&instr) {
                self.n_rewritten += 1;
                instrs.extend(dot(locals).map(|instr| (instr, InstrLocId::default())));
                continue;
            }
            let same = same_for_numbers(&instr);
            self.n_rewritten += usize::from(same.is_some());
            let instr = same.unwrap_or(instr);
            if is_relaxed(&instr) {
                self.unknown = Some(format!("{instr:?}"));
            }
            instrs.push((instr, at));
        }
        seq.instrs = instrs;
    }
}

fn is_dot(instr: &Instr) -> bool {
    matches!(
        instr,
        Instr::TernOp(ir::TernOp {
            op: TernaryOp::I32x4RelaxedDotI8x16I7x16AddS
        })
    )
}

/// One of the results that the relaxed instruction may have.
fn same_for_numbers(instr: &Instr) -> Option<Instr> {
    let Instr::Binop(ir::Binop { op }) = instr else {
        return None;
    };
    let op = match op {
        BinaryOp::F32x4RelaxedMin => BinaryOp::F32x4PMin,
        BinaryOp::F32x4RelaxedMax => BinaryOp::F32x4PMax,
        BinaryOp::F64x2RelaxedMin => BinaryOp::F64x2PMin,
        BinaryOp::F64x2RelaxedMax => BinaryOp::F64x2PMax,
        _ => return None,
    };
    Some(Instr::Binop(ir::Binop { op }))
}

/// By the name that all of them share.
fn is_relaxed(instr: &Instr) -> bool {
    match instr {
        Instr::TernOp(ir::TernOp { op }) => format!("{op:?}").contains("Relaxed"),
        Instr::Binop(ir::Binop { op }) => format!("{op:?}").contains("Relaxed"),
        Instr::Unop(ir::Unop { op }) => format!("{op:?}").contains("Relaxed"),
        _ => false,
    }
}

/// `start + Σ x·u` over quarters of 16 bytes, from x, u and start on the stack.
fn dot([x, u, start, low]: [LocalId; 4]) -> [Instr; 22] {
    let get = |local| Instr::LocalGet(ir::LocalGet { local });
    let set = |local| Instr::LocalSet(ir::LocalSet { local });
    let binary = |op| Instr::Binop(ir::Binop { op });
    let pairs = || {
        let op = UnaryOp::I32x4ExtAddPairwiseI16x8S;
        Instr::Unop(ir::Unop { op })
    };
    // Words 0, 2, 4, 6 or 1, 3, 5, 7 of two vectors.
    let words = |first: u8| {
        let indices = std::array::from_fn(|i| 4 * first + (i as u8 / 4) * 8 + i as u8 % 4);
        Instr::I8x16Shuffle(ir::I8x16Shuffle { indices })
    };
    let high = x; // not needed any more by then
    [
        set(start),
        set(u),
        set(x),
        get(x),
        get(u),
        binary(BinaryOp::I16x8ExtMulLowI8x16S),
        pairs(),
        set(low),
        get(x),
        get(u),
        binary(BinaryOp::I16x8ExtMulHighI8x16S),
        pairs(),
        set(high),
        get(low),
        get(high),
        words(0),
        get(low),
        get(high),
        words(1),
        binary(BinaryOp::I32x4Add),
        get(start),
        binary(BinaryOp::I32x4Add),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use walrus::FunctionBuilder;

    fn module(op: TernaryOp) -> Vec<u8> {
        let mut module = Module::default();
        let params = [ValType::V128; 3];
        let args = params.map(|ty| module.locals.add(ty));
        let mut builder = FunctionBuilder::new(&mut module.types, &params, &[ValType::V128]);
        let mut body = builder.func_body();
        for local in args {
            body.local_get(local);
        }
        body.instr(Instr::TernOp(ir::TernOp { op }));
        let function = builder.finish(args.to_vec(), &mut module.funcs);
        module.exports.add("f", function);
        module.emit_wasm()
    }

    #[test]
    fn the_dot_product_is_replaced_and_nothing_relaxed_is_left() {
        let wasm = module(TernaryOp::I32x4RelaxedDotI8x16I7x16AddS);
        let rewritten = rewrite(&wasm)
            .expect("it has a replacement")
            .expect("it was relaxed");
        assert!(rewrite(&rewritten).expect("it is valid").is_none());
    }

    #[test]
    fn what_has_no_replacement_is_an_error() {
        let err = rewrite(&module(TernaryOp::F32x4RelaxedMadd)).expect_err("it differs by processor");
        assert!(err.to_string().contains("F32x4RelaxedMadd"), "{err}");
    }
}
