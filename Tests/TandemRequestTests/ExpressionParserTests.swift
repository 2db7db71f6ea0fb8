import TandemFeatures
import Testing

@testable import TandemRequest

@Suite struct ExpressionParserTests {
    /// Evaluates an expression over tasks a = 2, b = 3 and log = 5, and c = [7, 11].
    private func value(_ expression: String) throws -> Float {
        let tasks = try TaskTable([
            Task("a", .regression), Task("b", .regression), Task("log", .regression),
            Task("c", .multiclass(classCount: 2)), Task("im Warenkorb", .regression),
        ])
        let program = try ScoreProgram(expression, tasks)
        let scores: [[Float]] = [[2], [3], [5], [7, 11], [13]]
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: 2 * scores.count)
        let arrays = UnsafeMutablePointer<UnsafeMutablePointer<Float>?>.allocate(
            capacity: scores.count)
        let widths = UnsafeMutablePointer<Int>.allocate(capacity: scores.count)
        defer {
            memory.deallocate()
            arrays.deallocate()
            widths.deallocate()
        }
        for (task, values) in scores.enumerated() {
            arrays[task] = memory + 2 * task
            widths[task] = values.count
            for (column, value) in values.enumerated() { memory[2 * task + column] = value }
        }
        var stack = [Float](repeating: 0, count: RankingLimits.stackMax * RankingLimits.stripRows)
        var output: [Float] = [0]
        program.evaluate(
            ScoreColumns(arrays: arrays, widths: widths), rowCount: 1, stack: &stack,
            output: &output)
        return output[0]
    }

    private func refusal(_ expression: String) -> RequestError? {
        do {
            _ = try value(expression)
            return nil
        } catch {
            return error as? RequestError
        }
    }

    @Test(
        arguments: [
            ("a", 2), ("a + b", 5), ("a - b - 1", -2), ("a * b + 1", 7), ("1 + a * b", 7),
            ("12 / a / b", 2), ("(1 + a) * b", 9), ("-a", -2), ("--a", 2), ("2 ^ b ^ a", 512),
            ("-a ^ 2", -4), ("2 ^ -1", 0.5), ("a * -b", -6), ("c[0] + c[1]", 18), ("c [ 1 ]", 11),
            ("log", 5), ("log(1)", 0), ("log1p(0) + exp(0) + sqrt(a + a)", 3), ("abs(a - b)", 1),
            ("min(a, b, 1)", 1), ("max(1, a, b)", 3), ("pow(a, b)", 8), ("\"im Warenkorb\"", 13),
            ("1e1 + .5 + 1.5E-1 + 2.", 12.65), (" \t a\n", 2), ("2e", 0),
        ] as [(String, Float)])
    func `computes with the usual precedence`(expression: String, expected: Float) throws {
        if expression == "2e" {
            // The e is no exponent without digits, and no operator either.
            #expect(refusal("2e")?.offset == 1)
        } else {
            #expect(try value(expression) == expected)
        }
    }

    @Test(arguments: [
        ("", 0), ("a +", 3), ("a b", 2), ("(a", 2), ("a)", 1), ("* a", 0), ("sin(a)", 0),
        ("min(a)", 5), ("pow(a, b, a)", 8), ("sqrt(a, b)", 6), ("\"a", 0), ("c", 1), ("a[", 2),
        ("a[0", 3), ("1e99", 0), (".", 0), ("a + $", 4), ("a[x]", 2),
    ])
    func `says at which byte it went wrong`(expression: String, offset: Int) throws {
        let error = try #require(refusal(expression))
        #expect(error.code == .formulaInvalid)
        #expect(error.offset == offset)
    }

    @Test func `names an unknown task and what was meant`() throws {
        let error = try #require(refusal("a + lgo"))
        #expect(error.code == .taskUnknown)
        #expect(error.task == "lgo" && error.offset == 4)
        #expect(error.message.contains("did you mean 'log'?"))
    }

    @Test func `refuses a column beyond the task's width`() throws {
        let error = try #require(refusal("c[2]"))
        #expect(error.code == .columnOutOfRange)
        #expect(error.bound == 1 && error.actual == 2)
        #expect(refusal("c[99999999999999999999]") != nil)
    }

    @Test func `nests as deep as the limit and no deeper`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        }
        #expect(try value(nested(RankingLimits.nestingMax - 1)) == 2)
        let error = try #require(refusal(nested(RankingLimits.nestingMax)))
        #expect(error.code == .formulaTooLarge)
        #expect(error.bound == RankingLimits.nestingMax)
        #expect(refusal(String(repeating: "-", count: 4_096))?.code == .formulaTooLarge)
    }

    @Test func `lets no number of operations pass its limit`() throws {
        let most = String(repeating: "a+", count: 2_047) + "a"
        #expect(try value(most) == 4_096)
        #expect(refusal("-(" + most + ")+1")?.code == .formulaTooLarge)
    }
}
