import Foundation

@testable import TandemImport

/// What came of ONNX's cases, counted and told.
struct ConformanceReport {
    private struct Line {
        let name: String
        let operators: Set<String>
        let outcome: ONNXCase.Outcome
        /// Only element types that an import is for.
        let isPlain: Bool
        /// A version of the operators before the first that is understood.
        let isOld: Bool

        var isPassed: Bool { if case .passed = outcome { true } else { false } }
        var isWrong: Bool { if case .wrong = outcome { true } else { false } }
        var isNamed: Bool {
            !operators.isEmpty && operators.isSubset(of: ConformanceScope.operators)
        }

        /// Statistics of a batch mix its rows, and so does nothing that is served.
        var mixesRows: Bool {
            if case .refused(let problem) = outcome {
                problem.message.contains("mix its rows")
            } else {
                false
            }
        }
    }

    private let lines: [Line]

    /// Runs all cases of a folder.
    init(folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        lines = names.sorted().compactMap { Self.line(folder + "/" + $0) }
    }

    private static func line(_ folder: String) -> Line? {
        guard let file = try? MappedFile(path: folder + "/model.onnx"),
            let model = try? ONNXModel(file)
        else { return nil }
        let onnxCase = ONNXCase(folder: folder)
        let isPlain = (model.graph.inputs + model.graph.outputs).allSatisfy { value in
            guard case .tensor(let type, _) = value.kind else { return false }
            return ConformanceScope.elementTypes.contains(type)
        }
        return Line(
            name: onnxCase.name, operators: Set(model.graph.nodes.map(\.qualifiedOperator)),
            outcome: onnxCase.run(), isPlain: isPlain,
            isOld: (model.opsets[""] ?? ImportLimits.opsetMin) < ImportLimits.opsetMin)
    }

    /// Cases that were accepted and gave other results, but for the contested ones.
    var wrong: [String] {
        lines.filter { $0.isWrong && ConformanceScope.contested[$0.name] == nil }.map(\.name)
    }

    /// Contested cases that were accepted and gave other results.
    var contested: [String] {
        lines.filter { $0.isWrong && ConformanceScope.contested[$0.name] != nil }.map(\.name)
    }

    private var named: [Line] {
        lines.filter { $0.isNamed && $0.isPlain && !$0.isOld && !$0.mixesRows }
    }

    /// Names of the cases of which 95 in 100 are to pass.
    var scoped: [String] { named.map(\.name) }

    /// The share of those that do.
    var passedShare: Double { Double(named.count { $0.isPassed }) / Double(max(named.count, 1)) }

    // MARK: The table

    /// The page of documentation.
    var text: String {
        let passed = named.count { $0.isPassed }
        let percent = (passedShare * 1000).rounded() / 10
        let rest = lines.filter { !$0.isNamed && $0.isPlain && !$0.isOld }
        let other = lines.filter { !$0.isPlain && !$0.isOld }
        return """
            # Conformance

            What of ONNX's own cases (`onnx/backend/test/data/node`, version 1.18.0) an import
            passes. `ConformanceTests` runs them all and keeps this page true;
            `TANDEM_WRITE_CONFORMANCE=1 swift test --filter ConformanceTests` writes it.

            Floats may differ by 1e-7 + 1e-3 |expected|, as in ONNX's own runner; whole numbers not
            at all. Inputs that say shapes, axes and counts are given at import, as exporters write
            them. No case that is accepted gives another result, but for the contested ones below.

            | cases | number | pass |
            |---|---|---|
            | of the operators that imports are for, in f32, i32, i64, bool, i8, u8, opset 11 to 23 \
            | \(named.count) | \(passed) (\(percent) %) |
            | of other operators, in the same types | \(rest.count) | \(rest.count { $0.isPassed }) |
            | in other types (double and half are computed as f32) | \(other.count) \
            | \(other.count { $0.isPassed }) |
            | of opset 10 or before: refused | \(lines.count { $0.isOld }) | 0 |

            The first row leaves out what mixes the rows of a batch (\
            \(lines.filter(\.mixesRows).map { "`\($0.name)`" }.joined(separator: ", "))).

            ## What does not pass, by reason

            | operator | reason | cases |
            |---|---|---|
            \(Self.table(named))

            ## Contested

            \(ConformanceScope.contested.sorted { $0.key < $1.key }
                .map { "- `\($0.key)`: \($0.value)" }.joined(separator: "\n"))

            ## Other operators

            | operator | reason | cases |
            |---|---|---|
            \(Self.table(rest))

            """
    }

    private static func table(_ lines: [Line]) -> String {
        var cases: [[String]: [String]] = [:]
        for line in lines where !line.isPassed {
            let (name, reason) = reason(line)
            cases[[name, reason], default: []].append(line.name)
        }
        return cases.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, names in
            let told = names.count > 3 ? "\(names.count)" : names.joined(separator: ", ")
            return "| \(key[0]) | \(key[1]) | \(told) |"
        }.joined(separator: "\n")
    }

    private static func reason(_ line: Line) -> (String, String) {
        switch line.outcome {
        case .passed: return ("", "")
        case .refused(let problem):
            // Sizes and types differ from case to case, the reason does not.
            let plain = problem.message.replacing(
                #/(f32|i32|i64|i8|u8|bool) \[[^\]]*\]|\b[0-9]+\b/#, with: "…")
            return (problem.operator ?? "", plain)
        case .failed(let reason):
            return (line.operators.sorted().first ?? "", "is not executed: \(reason)")
        case .wrong:
            return (line.operators.sorted().first ?? "", "contested, see below")
        }
    }
}
