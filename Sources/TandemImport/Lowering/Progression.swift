import TandemGraph

/// What is known of whole numbers that grow by equal steps: `start + step * i`.
///
/// Exporters write where each row's elements start in a flat array this way. It follows from a
/// `Range` through `Concat` and `Slice`, whether or not the count is known now.
struct Progression: Hashable {
    /// The first number.
    var start: Int
    /// The difference of neighbours.
    var step: Int
    /// How many there are.
    var count: Dimension

    /// The progression that two or more constants are, if they are one.
    init?(_ numbers: [Int]) {
        guard numbers.count >= 2 else { return nil }
        let step = numbers[1].subtractingReportingOverflow(numbers[0])
        guard !step.overflow else { return nil }
        self.init(start: numbers[0], step: step.partialValue, count: .fixed(numbers.count))
        for (index, number) in numbers.enumerated() where self[index] != number { return nil }
    }

    /// Makes a progression.
    init(start: Int, step: Int, count: Dimension) {
        self.start = start
        self.step = step
        self.count = count
    }

    /// The number at an index, if it fits.
    private subscript(index: Int) -> Int? {
        let distance = step.multipliedReportingOverflow(by: index)
        let number = start.addingReportingOverflow(distance.partialValue)
        return distance.overflow || number.overflow ? nil : number.partialValue
    }

    /// What an operation makes of inputs, the first of which is a progression.
    static func result(of operation: Operation, _ inputs: [ImportedValue]) -> Progression? {
        guard var result = inputs.first?.progression else { return nil }
        switch operation {
        case .concat(axis: 0):
            for input in inputs.dropFirst() {
                guard let sizes = input.sizes, input.rank == 1 else { return nil }
                for size in sizes { if !result.append(size) { return nil } }
            }
            return result
        case .slice(axis: 0, let start, let end):
            guard let first = start.fixedSize, let number = result[first],
                let count = end.subtracting(start)
            else { return nil }
            return Progression(start: number, step: result.step, count: count)
        case .cast(.int64), .cast(.int32): return result
        default: return nil
        }
    }

    /// Takes one more number, if it is the next one.
    private mutating func append(_ number: Dimension) -> Bool {
        let distance = count.multiplied(by: .fixed(step))
        guard let next = distance?.adding(.fixed(start)), next == number,
            let longer = count.adding(1)
        else { return false }
        count = longer
        return true
    }
}
