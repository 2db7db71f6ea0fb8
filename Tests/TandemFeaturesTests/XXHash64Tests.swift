import TandemFeatures
import Testing

// The expected values were printed by the `xxhash` package 4.1.0 from PyPI, which wraps xxHash
// 0.8.4. They never change: packages depend on them.
@Suite struct XXHash64Tests {
    /// Byte i of the sample is (131 i + 7) mod 256.
    static let samples: [(byteCount: Int, seedless: UInt64, seeded: UInt64)] = [
        (0, 0xEF46_DB37_51D8_E999, 0x0B30_3D92_0EC3_49DF),
        (1, 0xA96C_7F0C_E858_BBB7, 0x7634_9A43_0E97_F416),
        (3, 0xBED4_3740_EE63_32BB, 0x5BDE_7CC0_C6B9_FDA0),
        (4, 0xFA21_2AE4_4B3B_B23D, 0xBEAA_34E3_2EEE_8B3D),
        (5, 0xD339_DCC9_AC8E_6776, 0x90C4_4C08_6D9C_DC99),
        (7, 0x2744_460D_D675_D2C0, 0xA6F6_B893_5B53_ADEE),
        (8, 0x994B_676B_71CE_94DD, 0xA2F8_D42E_3C57_A4FF),
        (9, 0x572B_84C1_8B98_3AF8, 0x20E3_6A0D_D2F3_9734),
        (12, 0xB92F_588C_E720_786E, 0xE7D6_8F0F_10B6_8149),
        (15, 0x09E6_451E_D2FF_8B1D, 0x97AE_F7B4_3988_DA50),
        (16, 0x94AD_0095_E72B_24D5, 0xB113_4273_02BB_8A57),
        (31, 0x6711_D55E_306B_5D8F, 0x1BB0_CEEB_5EB5_5765),
        (32, 0x07F7_B8E3_BC5D_6E25, 0xCEAA_085E_9FE5_8428),
        (33, 0x09F8_5EEB_4E1C_BE9F, 0x6613_E855_B6D5_189A),
        (39, 0xB13C_137A_0FB7_01C3, 0x1FEE_908C_0FEC_059E),
        (40, 0xD251_5017_7BA4_6490, 0x925B_6B3F_9688_A134),
        (63, 0xB7C9_968C_066C_B6A5, 0xBC70_B2D1_F0E5_6425),
        (64, 0x50D4_159A_0411_632E, 0xEB82_8EC9_FD6B_56C5),
        (65, 0xD277_176B_FF86_3EFC, 0xD826_D8DD_1B0F_64DD),
        (100, 0x9DDA_DA11_D3DC_2D8F, 0x7EE9_617E_3667_0E3A),
        (222, 0x2D05_44CC_A0F5_76C7, 0x550C_9083_62C4_52DF),
        (1000, 0x0BF0_BDBC_C82E_B373, 0x76DA_ACB3_1F66_2B67),
    ]

    @Test(arguments: samples)
    func `bytes of every length class hash as the reference does`(
        _ sample: (byteCount: Int, seedless: UInt64, seeded: UInt64)
    ) {
        let bytes = (0..<sample.byteCount).map { UInt8(truncatingIfNeeded: $0 * 131 + 7) }
        bytes.withUnsafeBytes {
            #expect(XXHash64.hash($0, seed: 0) == sample.seedless)
            #expect(XXHash64.hash($0, seed: 0x9E37_79B1_85EB_CA8D) == sample.seeded)
        }
    }

    @Test(
        arguments: [
            ("", 0xEF46_DB37_51D8_E999, 0x493D_554C_5266_25BA),
            ("a", 0xD24E_C4F1_A98C_6E5B, 0x9FE3_CE22_1F1D_D34A),
            ("abc", 0x44BC_2CF5_AD77_0999, 0x15BF_5082_DE14_0C67),
            ("user_42", 0x42D3_ACBA_1377_E487, 0x432C_D136_2828_3EE1),
            ("Zürich", 0x85F1_DEBC_BB1A_8279, 0x93C4_9A9F_6282_A572),
            ("I want an unsigned 64-bit seed!", 0xD4CB_0A70_A2B8_C7C1, 0xFB02_2F44_B43F_F4CF),
        ] as [(String, UInt64, UInt64)])
    func `texts hash as the reference does`(text: String, seedless: UInt64, seeded: UInt64) {
        Array(text.utf8).withUnsafeBytes {
            #expect(XXHash64.hash($0, seed: 0) == seedless)
            #expect(XXHash64.hash($0, seed: 20_141_025) == seeded)
        }
    }

    @Test(
        arguments: [
            (0, 0x34C9_6ACD_CADB_1BBB, 0x8562_A8CA_30D1_D8C7),
            (1, 0x9F29_CB17_A2A4_9995, 0x44CD_4E74_E2B1_4E48),
            (-1, 0x85D1_36AD_B773_C6C9, 0x7865_3E7F_1B12_2749),
            (42, 0xB556_806F_B6D1_4353, 0x1889_DE22_BDD8_972C),
            (.max, 0xFF70_CC60_366E_770C, 0x0910_5364_F867_692B),
            (.min, 0x3F42_5EAC_F015_44E0, 0xB733_43D4_5531_EDB1),
        ] as [(Int64, UInt64, UInt64)])
    func `whole numbers hash as their little-endian bytes`(
        number: Int64, seedless: UInt64, seeded: UInt64
    ) {
        #expect(XXHash64.hash(number, seed: 0) == seedless)
        #expect(XXHash64.hash(number, seed: 7) == seeded)
    }

    @Test func `bytes that are not aligned hash alike`() {
        let bytes = [UInt8](0..<100)
        let shifted = [0xFF] + bytes
        let plain = bytes.withUnsafeBytes { XXHash64.hash($0, seed: 3) }
        let moved = shifted.withUnsafeBytes {
            XXHash64.hash(UnsafeRawBufferPointer(rebasing: $0[1...]), seed: 3)
        }
        #expect(plain == moved)
    }
}
