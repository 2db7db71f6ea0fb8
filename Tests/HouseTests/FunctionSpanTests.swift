import Testing

@Suite struct FunctionSpanTests {
    @Test func `functions of Swift are measured from their first line to their brace`() {
        let text = """
            protocol P {
                func requirement(a: Int) -> Int
                init?(b: Int)
            }
            struct S: P {
                init?(
                    b: Int = { 1 }()
                ) {
                    self.init()
                }
                func `a { name`<T>(a: T) throws(E)
                    -> Int
                where T: Q {
                    func inner() { }
                    return "}".count
                }
                var x: Int { 1 }
                deinit { }
            }
            """
        #expect(
            FunctionSpan.all(in: SourceFile("A.swift", text)) == [
                FunctionSpan(name: "init", line: 6, lineCount: 5),
                FunctionSpan(name: "a { name", line: 11, lineCount: 6),
                FunctionSpan(name: "inner", line: 14, lineCount: 1),
                FunctionSpan(name: "deinit", line: 18, lineCount: 1),
            ])
    }

    @Test func `functions of C are found among types, tables and macros`() {
        let text = """
            #define LOOP(x) \\
                for (;;) { x }
            struct pair { int a; };
            static const int table[] = {1, 2};
            extern "C" {
            __attribute__((target("avx2")))
            static int add(int a,
                           int b)
            {
                if (a) { return b; }
                return a + b;
            }
            }
            """
        #expect(
            FunctionSpan.all(in: SourceFile("a.c", text)) == [
                FunctionSpan(name: "add", line: 6, lineCount: 7)
            ])
    }
}
