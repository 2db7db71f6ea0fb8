import TandemFeatures
import TandemGraph
import TandemTestSupport
import Testing

@testable import TandemPackage

/// What reading a manifest takes, and that it is looked for beforehand.
@Suite struct ManifestMemoryTests {
    /// Manifests that make as much as they can of few bytes.
    enum Extreme: CaseIterable {
        case words, integers, tensors, operations, figures, choices

        func change(_ manifest: inout Manifest) throws {
            switch self {
            case .words:
                let words = (0..<200_000).map { number in
                    [0, 6, 12].map { UInt8(number >> $0 & 63) + 33 }
                }
                manifest.model.signature.features[0].encoding = .vocabulary(
                    VocabularyEncoding(vocabulary: try #require(Vocabulary(values: words))))
            case .integers:
                let numbers = (0..<200_000).map { Int64($0) }
                manifest.model.signature.features[4].encoding = .vocabulary(
                    VocabularyEncoding(vocabulary: try #require(Vocabulary(integers: numbers))))
            case .tensors:
                let tensor = manifest.tensors[0]
                manifest.tensors += names(50_000).map { name in
                    var tensor = tensor
                    tensor.name = name
                    return tensor
                }
            case .operations: manifest.model.programs = [try program(of: 30_000)]
            case .figures:
                manifest.model.quality = [QualityFigure](
                    repeating: manifest.model.quality[0], count: Limits.qualityFiguresMax)
            case .choices:
                let choice = manifest.model.choices[0]
                manifest.model.choices = names(Limits.choicesMax).map { name in
                    var choice = choice
                    choice.operation = name
                    return choice
                }
            }
        }

        private func names(_ count: Int) -> [String] {
            (0..<count).map { String($0, radix: 36) }
        }

        private func program(of count: Int) throws -> Program {
            var builder = try GraphBuilder(name: "long")
            var value = try builder.input("x", TensorType(.float32, .candidate, sizes: [1]))
            for name in names(count) where name != "x" {
                value = try builder.node(name, .unary(.relu), [value])
            }
            try builder.output(value)
            return Program(name: Program.float, graph: builder.finished())
        }
    }

    @Test(.enabled(if: AllocationCounter.isCounting), arguments: Extreme.allCases)
    func `decoding takes no more than is looked for`(extreme: Extreme) throws {
        var manifest = try PackageForge().manifest
        try extreme.change(&manifest)
        let message = manifest.encoded()
        let taken = AllocationCounter.bytes {
            message.withUnsafeBytes { bytes in
                // Whether it fits together is no question here.
                _ = failure { try Manifest.decode(bytes).validate() }
            }
        }
        let itemCount = manifest.model.programs.reduce(manifest.tensors.count) {
            $0 + $1.graph.nodes.count + $1.graph.inputs.count + $1.graph.parameters.count
        }
        // What is asked for again and again as arrays grow counts each time.
        #expect(
            taken
                <= Manifest.memoryByteCount(byteCount: message.count, itemCount: itemCount))
    }

    @Test func `refuses a manifest that may take more than is allowed, and takes one at the bound`()
        throws
    {
        let folder = try TemporaryFolder()
        let package = try PackageForge().open(in: folder.path)
        let needed = package.manifestByteCount * Limits.manifestDecodedFactor
        #expect(failure { try PackageReader.open(folder.path, memoryMax: needed) } == nil)
        let error = failure { try PackageReader.open(folder.path, memoryMax: needed - 1) }
        #expect(error?.code == .outOfMemory)
        #expect(error?.actual == UInt64(needed) && error?.expected == UInt64(needed - 1))
        #expect(error?.path == folder.path + "/manifest")
        #expect(error?.message.contains("memory.max") == true)
        #expect(failure { try PackageReader.open(folder.path, memoryMax: -1) }?.expected == 0)
    }
}
