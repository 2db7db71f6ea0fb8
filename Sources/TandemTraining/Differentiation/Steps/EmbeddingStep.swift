import TandemGraph

/// Where the gradient of an embedding table goes.
enum TableGradient {
    /// Nobody needs it.
    case none
    /// To a whole array, as any parameter's.
    case dense(GradientTarget, elementCount: Int)
    /// To the rows that were read.
    case sparse(SparseGradient)

    /// Makes ready for the step's contributions.
    @inline(__always)
    func begin() {
        if case .dense(let target, let count) = self { clearUnlessAccumulating(target, count) }
    }

    /// Adds `scale * dy` to a row.
    @inline(__always)
    func add(_ id: Int, _ scale: Float, _ dy: UnsafePointer<Float>, _ width: Int) {
        switch self {
        case .none: break
        case .dense(let target, _): addScaled(target.base + id * width, scale, dy, width)
        case .sparse(let gradient): addScaled(gradient.row(id), scale, dy, width)
        }
    }
}

/// An embedding table as a step reads it.
struct TableOperand {
    let values: UnsafeMutablePointer<Float>
    let rowCount: Int
    let width: Int
    let gradient: TableGradient

    /// The row of an id.
    ///
    /// - Precondition: The id lies in the table. The encoder sees to it; a wrong id would otherwise
    ///   read or, on the way back, write foreign memory.
    @inline(__always)
    func row(_ id: Int32) -> UnsafeMutablePointer<Float> {
        precondition(UInt(bitPattern: Int(id)) < UInt(rowCount), "an id lies outside its table")
        return values + Int(id) * width
    }
}

/// `y = table[ids]`; each gradient row is added to its id's.
struct EmbeddingStep: DifferentiableStep {
    let ids: Operand
    let table: TableOperand
    let y: StepResult

    func forward(_ rowCount: Int) {
        let width = table.width
        let ids = ids.ids
        for index in 0..<self.ids.count(rowCount) {
            (y.values + index * width).update(from: table.row(ids[index]), count: width)
        }
    }

    func backward(_ rowCount: Int) {
        guard let dy = y.gradient else { return }
        let width = table.width
        let ids = ids.ids
        table.gradient.begin()
        for index in 0..<self.ids.count(rowCount) {
            table.gradient.add(Int(ids[index]), 1, dy + index * width, width)
        }
    }
}

/// Sum or mean of the rows that a sequence names; zeros when it is empty.
struct EmbeddingPoolStep: DifferentiableStep {
    let reduction: Reduction
    let ids: Operand
    let lengths: Operand
    let table: TableOperand
    let y: StepResult

    /// Length of a row's sequence, kept within what the row holds.
    @inline(__always)
    private func length(_ row: Int) -> Int {
        min(max(Int(lengths.ids[row * lengths.stride]), 0), ids.width)
    }

    @inline(__always)
    private func scale(_ length: Int) -> Float { reduction == .sum ? 1 : 1 / Float(length) }

    func forward(_ rowCount: Int) {
        let width = table.width
        for row in 0..<y.rows(rowCount) {
            let out = y.values + row * width
            let ids = ids.ids + row * ids.stride
            let length = length(row)
            out.update(repeating: 0, count: width)
            for position in 0..<length { addScaled(out, 1, table.row(ids[position]), width) }
            let scale = scale(max(length, 1))
            for index in 0..<width { out[index] *= scale }
        }
    }

    func backward(_ rowCount: Int) {
        guard let dy = y.gradient else { return }
        let width = table.width
        table.gradient.begin()
        for row in 0..<y.rows(rowCount) {
            let ids = ids.ids + row * ids.stride
            let length = length(row)
            let scale = scale(max(length, 1))
            for position in 0..<length {
                table.gradient.add(Int(ids[position]), scale, dy + row * width, width)
            }
        }
    }
}
