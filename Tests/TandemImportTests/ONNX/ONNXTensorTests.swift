import TandemGraph
import Testing

@testable import TandemImport

@Suite struct ONNXTensorTests {
    static func tensor(_ weight: ONNXForge.Weight) throws -> Tensor {
        var forge = ONNXForge.linear
        forge.body.weights[0] = weight
        forge.body.weights[0].name = "W"
        return try ONNXModel(MappedFile(forge.bytes)).graph.initializers[0].tensor()
    }

    static func refusal(_ weight: ONNXForge.Weight) -> ImportError? {
        #expect(throws: ImportError.self) { try tensor(weight) }
    }

    @Test func `reads elements of every type from raw bytes`() throws {
        func read<Number: BitwiseCopyable>(_ type: Int, _ numbers: [Number]) throws -> Tensor {
            try Self.tensor(
                ONNXForge.Weight(
                    name: "W", type: type, dimensions: [Int64(numbers.count)],
                    raw: littleEndianBytes(numbers)))
        }
        #expect(try elements(read(1, [1.5, -2] as [Float]), Float.self) == [1.5, -2])
        #expect(try elements(read(11, [1.5, 1e-50]), Float.self) == [1.5, 0])
        #expect(
            try elements(read(10, [0x3C00, 0xC000, 0x0001, 0x8000] as [UInt16]), Float.self)
                == [1, -2, 0x1p-24, -0.0])
        #expect(
            try elements(read(16, [0x3F80, 0xC000] as [UInt16]), Float.self) == [1, -2])
        #expect(try elements(read(7, [Int64.min, 5]), Int64.self) == [.min, 5])
        #expect(try elements(read(6, [-7, 5] as [Int32]), Int32.self) == [-7, 5])
        #expect(try elements(read(5, [-7, 5] as [Int16]), Int64.self) == [-7, 5])
        #expect(try elements(read(4, [65535] as [UInt16]), Int64.self) == [65535])
        #expect(try elements(read(12, [UInt32.max]), Int64.self) == [4_294_967_295])
        #expect(try elements(read(13, [UInt64(9)]), Int64.self) == [9])
        #expect(try elements(read(3, [-1] as [Int8]), Int8.self) == [-1])
        #expect(try elements(read(2, [255] as [UInt8]), UInt8.self) == [255])
        #expect(try elements(read(9, [1, 0] as [UInt8]), UInt8.self) == [1, 0])
    }

    @Test func `reads elements from typed fields, packed and single`() throws {
        let packed = ONNXForge.Weight(name: "W", dimensions: [2]) {
            $0.bytes(4, littleEndianBytes([1, 2] as [Float]))
        }
        #expect(try elements(Self.tensor(packed), Float.self) == [1, 2])
        let single = ONNXForge.Weight(name: "W", type: 7, dimensions: [3]) {
            $0.integer(7, -1)
            $0.bytes(7, [2, 3])
        }
        #expect(try elements(Self.tensor(single), Int64.self) == [-1, 2, 3])
        let half = ONNXForge.Weight(name: "W", type: 10, dimensions: [1]) { $0.integer(5, 0x3C00) }
        #expect(try elements(Self.tensor(half), Float.self) == [1])
        let small = ONNXForge.Weight(name: "W", type: 3, dimensions: [1]) { $0.integer(5, -8) }
        #expect(try elements(Self.tensor(small), Int8.self) == [-8])
    }

    @Test func `reads an empty tensor and a scalar`() throws {
        #expect(try Self.tensor(.floats("W", [0, 4], [])).elementCount == 0)
        #expect(try Self.tensor(.floats("W", [], [3])).shape == [])
    }

    @Test func `refuses bytes that do not fit the dimensions`() {
        for dimensions in [[2, 2], [4], []] as [[Int64]] {
            let error = Self.refusal(.floats("W", dimensions, [1, 2, 3]))
            #expect(error?.code == .wrongSize)
            #expect(error?.problems[0].tensor == "W")
        }
    }

    @Test func `refuses typed fields of another count`() {
        for count in [1, 3] {
            let weight = ONNXForge.Weight(name: "W", dimensions: [2]) {
                $0.bytes(4, littleEndianBytes([Float](repeating: 1, count: count)))
            }
            #expect(Self.refusal(weight)?.code == .wrongSize)
        }
    }

    @Test(arguments: [[-1], [1 << 62, 8], [Int64.min]] as [[Int64]])
    func `refuses dimensions that are negative or overflow`(dimensions: [Int64]) {
        let error = Self.refusal(.floats("W", dimensions, [1]))
        #expect(error?.code == .overflow)
        #expect(error?.problems[0].tensor == "W")
    }

    @Test func `refuses a tensor that says 2^40 elements`() {
        #expect(Self.refusal(.floats("W", [1 << 20, 1 << 20], [1]))?.code == .limitExceeded)
        let typed = ONNXForge.Weight(name: "W", dimensions: [1 << 33])
        #expect(Self.refusal(typed)?.code == .wrongSize)
    }

    @Test func `refuses more dimensions than any model has`() {
        let dimensions = [Int64](repeating: 1, count: ImportLimits.rankMax + 1)
        #expect(Self.refusal(.floats("W", dimensions, [1]))?.code == .limitExceeded)
    }

    @Test func `refuses text, complex numbers and unknown types`() {
        for type in [0, 8, 14, 20, 99] {
            let weight = ONNXForge.Weight(name: "W", type: type, dimensions: [1], raw: [1])
            let error = Self.refusal(weight)
            #expect(error?.code == .unsupportedType)
            #expect(error?.problems[0].remedy.isEmpty == false)
        }
    }

    @Test func `refuses weights with NaN or infinity, with their index`() {
        var values = [Float](repeating: 1, count: 10_000)
        for wrong in [Float.nan, .infinity, -.infinity] {
            values[7001] = wrong
            let error = Self.refusal(.floats("W", [10_000], values))
            #expect(error?.code == .notFinite)
            #expect(error?.problems[0].tensor == "W")
            #expect(error?.problems[0].message.contains("7001") == true)
        }
        #expect(Self.refusal(.floats("W", [], [.nan]))?.code == .notFinite)
        #expect(Self.refusal(.floats("W", [3], [0, -.infinity, .nan]))?.code == .notFinite)
    }

    @Test func `accepts infinity as a bound and in a mask`() throws {
        #expect(try Self.tensor(.floats("W", [1], [-.infinity])).elementCount == 1)
        #expect(try Self.tensor(.floats("W", [3], [0, -.infinity, 0])).elementCount == 3)
    }

    @Test func `refuses integers that do not fit`() {
        let large = ONNXForge.Weight(
            name: "W", type: 13, dimensions: [1], raw: littleEndianBytes([UInt64.max]))
        #expect(Self.refusal(large)?.code == .outOfRange)
        let int8 = ONNXForge.Weight(name: "W", type: 3, dimensions: [1]) { $0.integer(5, 200) }
        #expect(Self.refusal(int8)?.code == .outOfRange)
        let bool = ONNXForge.Weight(name: "W", type: 9, dimensions: [1], raw: [2])
        #expect(Self.refusal(bool)?.code == .outOfRange)
    }
}

@Suite struct ExternalFilesTests {
    static func model(
        in folder: TemporaryFolder, _ location: String, offset: String? = nil,
        length: String? = nil, dimensions: [Int64] = [2, 3]
    ) throws -> ONNXModel {
        var forge = ONNXForge.linear
        forge.body.weights[0] = ONNXForge.Weight(name: "W", dimensions: dimensions) { writer in
            writer.integer(14, 1)
            let entries = [("location", location), ("offset", offset), ("length", length)]
            for (key, value) in entries {
                guard let value else { continue }
                writer.message(13) {
                    $0.text(1, key)
                    $0.text(2, value)
                }
            }
        }
        folder.write("model.onnx", forge.bytes)
        return try ONNXModel.load("\(folder.path)/model.onnx")
    }

    static let floats = littleEndianBytes([9, 1, 2, 3, 4, 5, 6] as [Float])

    @Test func `reads weights from a file beside the model, in place`() throws {
        let folder = TemporaryFolder()
        folder.write("weights.bin", Self.floats)
        let model = try Self.model(in: folder, "weights.bin", offset: "4", length: "24")
        let tensor = try model.graph.initializers[0].tensor()
        #expect(elements(tensor, Float.self) == [1, 2, 3, 4, 5, 6])
        #expect(tensor.byteOffset == 4)
        let rest = try Self.model(in: folder, "weights.bin", offset: "4")
        #expect(try rest.graph.initializers[0].tensor().elementCount == 6)
    }

    @Test func `reads a weight of more than two gigabytes in place`() throws {
        let folder = TemporaryFolder()
        let rowCount = 600_000_000
        folder.writeSparse(
            "weights.bin", byteCount: 4 * rowCount, last: littleEndianBytes([7] as [Float]))
        let model = try Self.model(
            in: folder, "weights.bin", dimensions: [Int64(rowCount / 4), 4])
        let (shape, dtype) = try model.graph.initializers[0].structure()
        #expect(shape == [rowCount / 4, 4])
        #expect(dtype == .float32)
        guard case .raw(let file, let range) = model.graph.initializers[0].content else {
            Issue.record("the weight is not in the file's mapping")
            return
        }
        #expect(range.count == 2_400_000_000)
        #expect(
            file.bytes.loadUnaligned(fromByteOffset: range.upperBound - 4, as: Float.self) == 7)
    }

    @Test(arguments: ["/etc/passwd", "../weights.bin", "a/../../b", "", "missing.bin", "."])
    func `refuses a path out of the folder, or to nothing`(location: String) {
        let folder = TemporaryFolder()
        let error = #expect(throws: ImportError.self) { try Self.model(in: folder, location) }
        #expect(error?.problems.first { $0.tensor == "W" }.map(\.code) != nil)
        #expect([.externalFile, .unreadableFile].contains(error?.code))
        #expect(error?.file == "\(folder.path)/model.onnx")
    }

    @Test func `refuses a link that leads out of the folder`() {
        let folder = TemporaryFolder()
        folder.link("link.bin", to: "/etc/passwd")
        let error = #expect(throws: ImportError.self) { try Self.model(in: folder, "link.bin") }
        #expect(error?.code == .externalFile)
        #expect(error?.problems[0].message.contains("link") == true)
    }

    @Test(
        arguments: [
            ("8", "24"), ("30", nil), ("-4", "24"), ("4", "x"), ("9223372036854775807", "24"),
        ] as [(String, String?)])
    func `refuses offsets and lengths outside of the file`(offset: String, length: String?) {
        let folder = TemporaryFolder()
        folder.write("weights.bin", Self.floats)
        let error = #expect(throws: ImportError.self) {
            try Self.model(in: folder, "weights.bin", offset: offset, length: length)
        }
        #expect(error?.code == .externalFile)
        #expect(error?.problems[0].tensor == "W")
    }

    @Test func `refuses external bytes of a model from memory`() {
        var forge = ONNXForge.linear
        forge.body.weights[0] = ONNXForge.Weight(name: "W", dimensions: [2, 3]) { writer in
            writer.integer(14, 1)
            writer.message(13) {
                $0.text(1, "location")
                $0.text(2, "weights.bin")
            }
        }
        let error = #expect(throws: ImportError.self) { try forge.load() }
        #expect(error?.code == .externalFile)
    }
}
