package import TandemGraph

/// Inputs of the graph and what each program answers to them, for a self-check after loading.
package struct GoldenVector: Hashable, Sendable {
    /// Candidates; the context has one row.
    package var candidateRows: Int
    /// One tensor a graph input.
    package var inputs: [GoldenTensor]
    /// One answer a program.
    package var outputs: [GoldenOutput]

    /// Makes a vector; `PackageWriter` checks it.
    package init(candidateRows: Int, inputs: [GoldenTensor], outputs: [GoldenOutput]) {
        self.candidateRows = candidateRows
        self.inputs = inputs
        self.outputs = outputs
    }

    /// What a program must answer, or nil if it was not recorded.
    package func output(of program: String) -> GoldenOutput? {
        outputs.first { $0.program == program }
    }

    /// Rows of a tensor on an axis.
    package func rows(on axis: RowAxis) -> Int { axis == .candidate ? candidateRows : 1 }
}

/// What one program answers to a golden vector's inputs.
package struct GoldenOutput: Hashable, Sendable {
    /// The program's name.
    package var program: String
    /// One tensor an output of the graph, float32.
    package var tensors: [GoldenTensor]

    /// Makes an output.
    package init(program: String, tensors: [GoldenTensor]) {
        self.program = program
        self.tensors = tensors
    }
}

/// All rows of one value of the graph.
package struct GoldenTensor: Hashable, Sendable {
    /// The value's name.
    package var name: String
    /// Shape of one row.
    package var rowShape: [Int]
    /// Little-endian, row-major, in the value's dtype.
    package var bytes: [UInt8]

    /// Makes a tensor from bytes.
    package init(name: String, rowShape: [Int], bytes: [UInt8]) {
        self.name = name
        self.rowShape = rowShape
        self.bytes = bytes
    }

    /// Makes a tensor from elements of the value's Swift type.
    package init<Element: BitwiseCopyable>(name: String, rowShape: [Int], elements: [Element]) {
        self.init(name: name, rowShape: rowShape, bytes: elements.withUnsafeBytes { Array($0) })
    }

    /// The elements; as many as whole ones fit in the bytes.
    package func elements<Element: BitwiseCopyable>(as type: Element.Type) -> [Element] {
        bytes.withUnsafeBytes { source in
            let stride = MemoryLayout<Element>.stride
            return (0..<source.count / stride).map {
                source.loadUnaligned(fromByteOffset: $0 * stride, as: type)
            }
        }
    }
}
