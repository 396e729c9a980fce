//! Builds GGUF files byte by byte, so that a test can break any one of them.

/// A GGUF file in the making: `Builder::new().text("general.name", "x").tensor(…).bytes()`.
#[derive(Clone)]
pub struct Builder {
    /// Container version.
    pub version: u32,
    /// Written instead of the true number of tensors.
    pub n_tensors: Option<u64>,
    /// Written instead of the true number of pairs.
    pub n_pairs: Option<u64>,
    /// Tensor data starts at a multiple of this.
    pub alignment: usize,
    /// Key-value pairs as bytes.
    pub pairs: Vec<Vec<u8>>,
    /// Tensor infos as bytes.
    pub infos: Vec<Vec<u8>>,
    /// Tensor data.
    pub data: Vec<u8>,
}

/// GGUF's numbers of value types.
pub mod value_type {
    pub const U8: u32 = 0;
    pub const I8: u32 = 1;
    pub const U16: u32 = 2;
    pub const U32: u32 = 4;
    pub const I32: u32 = 5;
    pub const F32: u32 = 6;
    pub const BOOL: u32 = 7;
    pub const TEXT: u32 = 8;
    pub const ARRAY: u32 = 9;
    pub const U64: u32 = 10;
    pub const I64: u32 = 11;
    pub const F64: u32 = 12;
}

impl Default for Builder {
    fn default() -> Self {
        let (pairs, infos, data) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            version: 3,
            n_tensors: None,
            n_pairs: None,
            alignment: 32,
            pairs,
            infos,
            data,
        }
    }
}

impl Builder {
    pub fn new() -> Self {
        Self::default()
    }

    /// A pair whose value is given as bytes, whatever they are.
    pub fn pair(mut self, key: &str, value_type: u32, value: impl AsRef<[u8]>) -> Self {
        let mut pair = string(key.as_bytes());
        pair.extend(value_type.to_le_bytes());
        pair.extend(value.as_ref());
        self.pairs.push(pair);
        self
    }

    pub fn u32(self, key: &str, value: u32) -> Self {
        self.pair(key, value_type::U32, value.to_le_bytes())
    }

    pub fn f32(self, key: &str, value: f32) -> Self {
        self.pair(key, value_type::F32, value.to_le_bytes())
    }

    pub fn bool(self, key: &str, value: bool) -> Self {
        self.pair(key, value_type::BOOL, [u8::from(value)])
    }

    pub fn text(self, key: &str, value: &str) -> Self {
        self.pair(key, value_type::TEXT, string(value.as_bytes()))
    }

    pub fn texts<T: AsRef<str>>(self, key: &str, values: &[T]) -> Self {
        let items: Vec<u8> = values
            .iter()
            .flat_map(|value| string(value.as_ref().as_bytes()))
            .collect();
        self.pair(
            key,
            value_type::ARRAY,
            array(value_type::TEXT, values.len() as u64, &items),
        )
    }

    pub fn i32s(self, key: &str, values: &[i32]) -> Self {
        let items: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.pair(
            key,
            value_type::ARRAY,
            array(value_type::I32, values.len() as u64, &items),
        )
    }

    pub fn f32s(self, key: &str, values: &[f32]) -> Self {
        let items: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.pair(
            key,
            value_type::ARRAY,
            array(value_type::F32, values.len() as u64, &items),
        )
    }

    /// A tensor with its data, placed at the next aligned offset.
    pub fn tensor(mut self, name: &str, dims: &[u64], ggml_type: u32, data: &[u8]) -> Self {
        self.data
            .resize(self.data.len().next_multiple_of(self.alignment), 0);
        let offset = self.data.len() as u64;
        self.data.extend(data);
        self.info(name, dims, ggml_type, offset)
    }

    /// Only what the header says of a tensor.
    pub fn info(mut self, name: &str, dims: &[u64], ggml_type: u32, offset: u64) -> Self {
        let mut info = string(name.as_bytes());
        info.extend((dims.len() as u32).to_le_bytes());
        dims.iter().for_each(|size| info.extend(size.to_le_bytes()));
        info.extend(ggml_type.to_le_bytes());
        info.extend(offset.to_le_bytes());
        self.infos.push(info);
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.n_tensors.unwrap_or(self.infos.len() as u64).to_le_bytes());
        bytes.extend(self.n_pairs.unwrap_or(self.pairs.len() as u64).to_le_bytes());
        bytes.extend(self.pairs.concat());
        bytes.extend(self.infos.concat());
        bytes.resize(bytes.len().next_multiple_of(self.alignment), 0);
        bytes.extend(&self.data);
        bytes
    }
}

/// A string as GGUF writes it.
pub fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes(), bytes].concat()
}

/// An array as GGUF writes it: item type, count, items.
pub fn array(item_type: u32, count: u64, items: &[u8]) -> Vec<u8> {
    [&item_type.to_le_bytes()[..], &count.to_le_bytes(), items].concat()
}
