import Testing

@Suite struct MaskedCodeTests {
    @Test func `comments become blanks and lines stay where they were`() {
        let masked = maskedCode("a // { \nb /* { /* } */ \n { */ c\n", .swift)
        #expect(masked == "a      \nb              \n      c\n")
    }

    @Test func `the comments of C do not nest`() {
        #expect(maskedCode("/* /* */ {", .c) == "         {")
    }

    @Test func `literals keep their quotes and lose what is inside`() {
        #expect(maskedCode(#"x = "{\"}" + y"#, .swift) == #"x = "    " + y"#)
        #expect(maskedCode("#\"a\"{\"#;", .swift) == "#\"   \"#;")
        #expect(maskedCode("\"\"\"\n{ \"\n\"\"\"}", .swift) == "\"\"\"\n   \n\"\"\"}")
        #expect(maskedCode(#"c = '{'; d = '\'';"#, .c) == #"c = ' '; d = '  ';"#)
    }

    @Test func `an interpolation is blanked with the strings it holds`() {
        #expect(maskedCode(#""a\(f("}", (1)))b" {"#, .swift) == #""                " {"#)
    }

    @Test func `a raw identifier stays one word`() {
        #expect(maskedCode("func `a { b`() {", .swift) == "func `_____`() {")
    }
}
