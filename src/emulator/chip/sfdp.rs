//! SFDP spaces (JESD216): printed ones taken as they are, and plain ones written for parts whose bytes no one prints.
//!
//! A written space says what the part's row says (size, erase types, address width) and nothing more; its revision is
//! the one by which the generations of an id are distinguished. It is no image of a real part.

/// What a written space says.
pub(super) struct Table<'a> {
    /// Minor revision of header and basic table: 0 for nine dwords, 5 and 6 for sixteen.
    pub minor: u8,
    /// Bytes in the array.
    pub size: usize,
    /// Opcode and size of the uniform erases, small to large.
    pub erase: &'a [(u8, usize)],
    /// DW5 bit 4: 4-4-4 commands.
    pub qpi: bool,
    /// DW15 bits 22..20: quad enable.
    pub quad: u32,
    /// DW16 bits 31..24: ways into 4-byte mode.
    pub four_byte: u32,
    /// DW1 bits 18..17 = 01: three address bytes, or four after a switch.
    pub either: bool,
    /// A 4-byte instruction table follows: 13h, 0Ch, 12h, 21h, 5Ch, DCh.
    pub native: bool,
}

/// Dwords after a header at 0 and a parameter header at 8, padded with FFh to 256 bytes.
pub(super) fn space(header: [u8; 8], parameter: [u8; 8], at: usize, dwords: &[u32]) -> Vec<u8> {
    let mut image = vec![0xff; 256];
    image[..8].copy_from_slice(&header);
    image[8..16].copy_from_slice(&parameter);
    put(&mut image, at, dwords);
    image
}

fn put(image: &mut [u8], at: usize, dwords: &[u32]) {
    for (slot, dword) in image[at..].chunks_exact_mut(4).zip(dwords) {
        slot.copy_from_slice(&dword.to_le_bytes());
    }
}

impl Table<'_> {
    /// The space of a part with these erase types, nothing else special.
    pub(super) const fn plain(minor: u8, size: usize, erase: &[(u8, usize)]) -> Table<'_> {
        Table { minor, size, erase, qpi: false, quad: 0, four_byte: 0, either: false, native: false }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let four_k = self.erase.iter().find(|(_, size)| *size == 0x1000).map(|(op, _)| u32::from(*op));
        let wide = self.either || self.size > 1 << 24;
        let first = match four_k {
            Some(op) => 0xfff0_00e5 | op << 8,
            None => 0xfff0_ffe7,
        } | u32::from(wide) << 17;
        let mut types = [0u8; 8];
        for (slot, (op, size)) in types.chunks_exact_mut(2).zip(self.erase) {
            slot.copy_from_slice(&[size.trailing_zeros() as u8, *op]);
        }
        let dword = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let mut dwords = vec![
            first,
            (self.size as u64 * 8 - 1) as u32,
            0x6b08_eb44,
            0xbb80_3b08,
            if self.qpi { 0xffff_fffe } else { 0xffff_ffee },
            0x0000_ffff,
            0xeb44_ffff,
            dword(&types[..4]),
            dword(&types[4..]),
        ];
        if self.minor >= 5 {
            // Times of a W25Q64JV, its block's for a fourth erase type too; page 256; poll 05h bit 0; reset by 66h, 99h.
            let rest = [0x52a6_0236, 0xc414_ea82, 0x3376_63e9, 0x757a_757a, 0x5cd5_a2f7];
            dwords.extend(rest);
            dwords.push(0xff0d_f719 | self.quad << 20);
            dwords.push(0x0000_10e9 | self.four_byte << 24);
        }
        let headers = u8::from(self.native);
        let mut image = space(
            [b'S', b'F', b'D', b'P', self.minor, 1, headers, 0xff],
            [0x00, self.minor, 1, dwords.len() as u8, 0x30, 0x00, 0x00, 0xff],
            0x30,
            &dwords,
        );
        if self.native {
            image[0x10..0x18].copy_from_slice(&[0x84, 0x00, 0x01, 0x02, 0xc0, 0x00, 0x00, 0xff]);
            let twin = |op: u8| match op {
                0x20 => 0x21,
                0x52 => 0x5c,
                0xd8 => 0xdc,
                _ => 0xff,
            };
            let mut opcodes = [0xff; 4];
            for (slot, (op, _)) in opcodes.iter_mut().zip(self.erase) {
                *slot = twin(*op);
            }
            let types = (1u32 << self.erase.len()) - 1;
            put(&mut image, 0xc0, &[0xfff0_0000 | 0x43 | types << 9, dword(&opcodes)]);
        }
        image
    }
}
