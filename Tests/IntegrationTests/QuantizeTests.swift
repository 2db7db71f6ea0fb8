import Foundation
import TandemFeatures
import TandemGraph
import TandemPackage
import Testing

/// `tandem quantize` on a model with one layer that int8 spoils, and one that it does not.
///
///     outlier = relu(W x), each row of W has a 100 beside weights of 0.1, and x[0] is always small
///     plain   = relu(V x), V of ones
///     score   = sum of both
///
/// By the largest weight a step of `outlier` is 0.79, so that its small weights are lost; clipped by
/// error they are kept, but coarsely.
@Suite struct QuantizeTests {
    private struct Published {
        let folder: ScratchFolder

        /// By default rows of which no two have the same ends.
        init(
            row: (Int) -> [Float] = { [Float($0 % 3) * 1e-4, sin(Float($0)), cos(Float(3 * $0))] }
        ) throws {
            folder = try ScratchFolder()
            let model = PackagedModel(
                name: "steps", createdWith: "tests", signature: QuantizeTests.signature(),
                programs: [Program(name: Program.float, graph: try QuantizeTests.graph())])
            let tensors: TensorSet = [
                "outlier.weight": Tensor(
                    .float32, shape: [2, 3], [100, 0.1, 0.2, 100, -0.2, 0.1] as [Float]),
                "plain.weight": Tensor(.float32, shape: [2, 3], [0, 1, 1, 0, 1, -1] as [Float]),
                "score.weight": Tensor(.float32, shape: [1, 4], [1, 1, 0.5, 0.5] as [Float]),
            ]
            try Repository(path: folder.file("models")).publish(
                PackageContents(model: model, tensors: tensors), version: 1)
            mkdir(folder.file("rows"), 0o700)
            try folder.writeArray("rows/x.npy", shape: [300, 3], (0..<300).flatMap(row))
        }

        func quantize(_ arguments: String...) throws -> ToolProcess {
            try ToolProcess(["quantize", "models/steps/1", "rows"] + arguments, in: folder)
        }
    }

    private static func signature() -> Signature {
        Signature(
            features: [
                Feature(
                    name: "x", side: .candidate, rawType: .float32, width: 3,
                    encoding: .number(NumberEncoding(transforms: [])),
                    slot: FeatureSlot(input: "x"))
            ], tasks: [Task("score", .regression)])
    }

    private static func graph() throws -> Graph {
        var builder = try GraphBuilder(name: "steps")
        let x = try builder.input("x", TensorType(.float32, .candidate, sizes: [3]))
        var parts: [ValueID] = []
        for name in ["outlier", "plain"] {
            let weight = try builder.parameter("\(name).weight", .float32, [2, 3])
            let sum = try builder.node(name, .linear, [x, weight])
            parts.append(try builder.node("\(name).relu", .unary(.relu), [sum]))
        }
        let joined = try builder.node("joined", .concat(axis: 0), parts)
        let weight = try builder.parameter("score.weight", .float32, [1, 4])
        try builder.output(try builder.node("score", .linear, [joined, weight]))
        return builder.finished()
    }

    /// The operations of a report by name.
    private static func operations(_ report: String) throws -> [String: [String: Any]] {
        let parsed = try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any]
        let list = try #require(parsed?["operations"] as? [[String: Any]])
        return Dictionary(uniqueKeysWithValues: list.map { ($0["operation"] as? String ?? "", $0) })
    }

    /// What the gate read of the task.
    private static func reading(_ metric: String, _ report: String) throws -> Double? {
        let parsed = try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any]
        let list = try #require(parsed?["gate"] as? [[String: Any]])
        return list.first { $0["figure"] as? String == metric }?["value"] as? Double
    }

    @Test func `the layer that int8 spoils returns to float, the other does not`() throws {
        let published = try Published()
        let run = try published.quantize(
            "--out", "models/steps/2", "--max-mean-difference", "0.01", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let operations = try Self.operations(run.output)
        #expect(operations["outlier"]?["precision"] as? String == "float")
        #expect(operations["plain"]?["precision"] as? String == "int8")
        let outlier = try #require(operations["outlier"]?["sensitivity"] as? Double)
        let plain = try #require(operations["plain"]?["sensitivity"] as? Double)
        #expect(outlier > plain)
        let shown = try ToolProcess(
            ["inspect", "models/steps/2", "--quality"], in: published.folder)
        #expect(shown.output.contains("largest_difference"))
        #expect(
            shown.output.split(separator: "\n").contains {
                $0.contains("float") && $0.hasSuffix("outlier")
            })
        let graph = try ToolProcess(["inspect", "models/steps/2", "--graph"], in: published.folder)
        #expect(graph.output.contains("quantized_linear(x, plain.weight/int8"), "\(graph.output)")
        #expect(graph.output.contains("outlier = linear"))
    }

    @Test func `outliers that meet small inputs are cut off`() throws {
        let published = try Published()
        let run = try published.quantize(
            "--max-difference", "1", "--max-mean-difference", "1", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let operations = try Self.operations(run.output)
        #expect(operations["outlier"]?["precision"] as? String == "int8")
        #expect(operations["outlier"]?["clips_outliers"] as? Bool == true)
        // By the largest weight the layer's share of the score would be gone, some 0.2 of its spread.
        let sensitivity = try #require(operations["outlier"]?["sensitivity"] as? Double)
        #expect(sensitivity < 0.06)
    }

    @Test func `inputs share a grid where each row's own is no better`() throws {
        let published = try Published { [sin(Float($0)), 1, -1] }
        let run = try published.quantize(
            "--out", "models/steps/2", "--max-difference", "9", "--max-mean-difference", "9",
            "--json")
        #expect(run.status == 0, "\(run.errors)")
        let operations = try Self.operations(run.output)
        #expect(operations["plain"]?["shares_grid"] as? Bool == true)
        let plan = try ToolProcess(["inspect", "models/steps/2", "--plan"], in: published.folder)
        #expect(plan.output.contains("quantize(x) {scale=0.00980"), "\(plan.output)")
        let shown = try ToolProcess(
            ["inspect", "models/steps/2", "--quality"], in: published.folder)
        #expect(
            shown.output.split(separator: "\n").contains {
                $0.contains("a tensor") && $0.hasSuffix("plain")
            })
    }

    @Test func `rows of very different ends share a grid where half of what the gate leaves pays`()
        throws
    {
        let published = try Published { row in
            let size: Float = row % 30 == 0 ? 1 : 0.1
            return [0, sin(Float(row)) * size, cos(Float(3 * row)) * size]
        }
        func quantized(mean limit: Double) throws -> (sharesGrid: Bool?, mean: Double) {
            let run = try published.quantize(
                "--max-difference", "9", "--max-mean-difference", "\(limit)", "--json")
            #expect(run.status == 0, "\(run.errors)")
            let operations = try Self.operations(run.output)
            #expect(operations["plain"]?["precision"] as? String == "int8")
            return (
                operations["plain"]?["shares_grid"] as? Bool,
                try #require(try Self.reading("mean_difference", run.output))
            )
        }
        let shared = try quantized(mean: 9)
        #expect(shared.sharesGrid == true)
        // Within the gate, but more than half of what it leaves.
        let own = try quantized(mean: shared.mean * 1.001)
        #expect(own.sharesGrid == false)
        #expect(own.mean < shared.mean)
        let enough = try quantized(mean: (2 * shared.mean - own.mean) * 1.001)
        #expect(enough.sharesGrid == true)
    }

    @Test func `without fallback a broken gate is a refusal that names task, figure and limit`()
        throws
    {
        let published = try Published()
        let run = try published.quantize("--out", "models/steps/2", "--no-fallback")
        #expect(run.status == 65)
        #expect(run.errors.contains("task score: largest_difference is 0.0"), "\(run.errors)")
        #expect(run.errors.contains("at most 0.009500 is allowed"), "\(run.errors)")
        #expect(try ToolProcess(["inspect", "models/steps/2"], in: published.folder).status == 66)
    }

    @Test func `a limit of nothing leaves everything in float`() throws {
        let published = try Published()
        let run = try published.quantize(
            "--out", "models/steps/2", "--max-difference", "0", "--max-mean-difference", "0")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("0 of 2 operations in int8"))
    }

    @Test func `data that are not there, and limits of labels they do not have, are refused`()
        throws
    {
        let published = try Published()
        let absent = try ToolProcess(
            ["quantize", "models/steps/1", "absent"], in: published.folder)
        #expect(absent.status == 66)
        #expect(absent.errors.contains("absent: no such file or folder"), "\(absent.errors)")
        let unlabelled = try published.quantize("--max-auc-loss", "0.1")
        #expect(unlabelled.status == 64)
        #expect(
            unlabelled.errors.contains("--max-auc-loss needs labels, and rows has none"),
            "\(unlabelled.errors)")
        let uncalibrated = try ToolProcess(
            ["import", "m.onnx", "--max-difference", "0.1"], in: published.folder)
        #expect(uncalibrated.status == 64)
        #expect(uncalibrated.errors.contains("--calibrate"), "\(uncalibrated.errors)")
    }

    @Test func `a limit that is broken by very little is told apart from it`() throws {
        let run = try Published().quantize("--max-difference", "1e-9", "--no-fallback")
        #expect(run.status == 65)
        #expect(run.errors.contains("at most 1.0e-9 is allowed"), "\(run.errors)")
        #expect(run.errors.contains("nothing was written"))
    }

    @Test(arguments: ["--max-auc-loss", "--max-logloss", "--max-calibration", "--max-difference"])
    func `a limit below 0 is refused`(option: String) throws {
        let run = try ToolProcess(
            ["quantize", "p", "d", "\(option)=-1"], in: try ScratchFolder())
        #expect(run.status == 64)
        #expect(run.errors.contains(option))
    }
}
