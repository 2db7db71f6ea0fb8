internal import Glibc

// Design: a ranking formula is a little stack program over strips of rows.
//
// Each operation works on 64 rows at a time, so that choosing the operation costs a hundredth of a
// nanosecond a row and the inner loops are plain float loops that the compiler turns into vector
// code. Everything is float32, in the order in which the formula is written, without fused
// multiply-add, as proto/tandem/v1/predict.proto promises. Evaluating allocates nothing; parsing
// reuses its arrays.

/// One operation of a ranking formula.
enum ScoreOperation: Equatable, Sendable {
    /// Pushes a number.
    case number(Float)
    /// Pushes a column of a task's scores.
    case score(task: Int, column: Int)
    /// Pops x, pushes a function of x.
    case unary(ScoreUnary)
    /// Pops y, then x, pushes a function of x and y.
    case binary(ScoreBinary)
}

/// What a formula can do with one value.
enum ScoreUnary: String, CaseIterable, Sendable {
    case negate = "-"
    case abs, sqrt, exp, log, log1p
}

/// What a formula can do with two values.
enum ScoreBinary: String, CaseIterable, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case power = "^"
    case min, max
}

/// The scores that a formula reads: one array a task, `[rows, width]`.
struct ScoreColumns {
    /// One pointer a task of the signature.
    let arrays: UnsafePointer<UnsafeMutablePointer<Float>?>
    /// Numbers a row, one entry a task.
    let widths: UnsafePointer<Int>
}

/// A ranking formula, ready to evaluate.
struct ScoreProgram: Equatable, Sendable {
    /// In the order of evaluation.
    private(set) var operations: [ScoreOperation] = []
    /// The most values that wait at a time.
    private(set) var stackDepth = 0
    private var depth = 0

    /// An empty formula.
    init() {}

    /// Parses an expression in the ranking language; see `ExpressionParser` for its grammar.
    ///
    /// - Throws: `formulaInvalid`, `taskUnknown`, `columnOutOfRange` or `formulaTooLarge`, with the
    ///   byte offset.
    init(_ expression: String, _ tasks: TaskTable) throws(RequestError) {
        self.init()
        // Copied, because a closure over the string's own bytes would lose the error's type.
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: expression.utf8.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: expression.utf8)
        try ExpressionParser.parse(UnsafeRawBufferPointer(bytes), into: &self, tasks: tasks)
    }

    /// Forgets everything, keeps the memory.
    mutating func removeAll() {
        operations.removeAll(keepingCapacity: true)
        stackDepth = 0
        depth = 0
    }

    /// Adds an operation.
    ///
    /// - Returns: False if the formula is over `RankingLimits`; it is then of no use.
    mutating func append(_ operation: ScoreOperation) -> Bool {
        guard operations.count < RankingLimits.operationsMax else { return false }
        operations.append(operation)
        switch operation {
        case .number, .score: depth += 1
        case .unary: break
        case .binary: depth -= 1
        }
        stackDepth = Swift.max(stackDepth, depth)
        return stackDepth <= RankingLimits.stackMax
    }

    /// Adds the tasks that the formula reads to a set of flags.
    func markTasks(_ isNeeded: inout [Bool]) {
        for index in operations.indices {
            if case .score(let task, _) = operations[index] { isNeeded[task] = true }
        }
    }

    /// Evaluates the formula for all rows.
    ///
    /// - Parameters:
    ///   - columns: What it reads; tasks that it does not name need not be there.
    ///   - rowCount: Rows.
    ///   - stack: Room for `stackDepth * stripRows` floats.
    ///   - output: Overwritten, one number a row.
    /// - Complexity: O(rows x operations). Allocates nothing.
    func evaluate(
        _ columns: ScoreColumns, rowCount: Int, stack: UnsafeMutablePointer<Float>,
        output: UnsafeMutablePointer<Float>
    ) {
        let strip = RankingLimits.stripRows
        var row = 0
        while row < rowCount {
            let count = Swift.min(strip, rowCount - row)
            var top = stack - strip
            for index in operations.indices {
                switch operations[index] {
                case .number(let number):
                    top += strip
                    for index in 0..<count { top[index] = number }
                case .score(let task, let column):
                    top += strip
                    Self.load(columns, task, column, row, count, top)
                case .unary(let function): Self.apply(function, count, top)
                case .binary(let function):
                    top -= strip
                    Self.apply(function, count, top, top + strip)
                }
            }
            for index in 0..<count { output[row + index] = top[index] }
            row += count
        }
    }

    private static func load(
        _ columns: ScoreColumns, _ task: Int, _ column: Int, _ row: Int, _ count: Int,
        _ top: UnsafeMutablePointer<Float>
    ) {
        guard let scores = columns.arrays[task] else {
            preconditionFailure("a formula's tasks are computed before it is evaluated")
        }
        let width = columns.widths[task]
        let first = scores + row * width + column
        for index in 0..<count { top[index] = first[index * width] }
    }

    private static func apply(
        _ function: ScoreUnary, _ count: Int, _ x: UnsafeMutablePointer<Float>
    ) {
        switch function {
        case .negate: for index in 0..<count { x[index] = -x[index] }
        case .abs: for index in 0..<count { x[index] = Swift.abs(x[index]) }
        case .sqrt: for index in 0..<count { x[index] = x[index].squareRoot() }
        case .exp: for index in 0..<count { x[index] = expf(x[index]) }
        case .log: for index in 0..<count { x[index] = logf(x[index]) }
        case .log1p: for index in 0..<count { x[index] = log1pf(x[index]) }
        }
    }

    private static func apply(
        _ function: ScoreBinary, _ count: Int, _ x: UnsafeMutablePointer<Float>,
        _ y: UnsafeMutablePointer<Float>
    ) {
        switch function {
        case .add: for index in 0..<count { x[index] += y[index] }
        case .subtract: for index in 0..<count { x[index] -= y[index] }
        case .multiply: for index in 0..<count { x[index] *= y[index] }
        case .divide: for index in 0..<count { x[index] /= y[index] }
        case .power: for index in 0..<count { x[index] = powf(x[index], y[index]) }
        // A value that is not a number is passed on, whichever side it stands on.
        case .min:
            for index in 0..<count where !(x[index] <= y[index]) && !x[index].isNaN {
                x[index] = y[index]
            }
        case .max:
            for index in 0..<count where !(x[index] >= y[index]) && !x[index].isNaN {
                x[index] = y[index]
            }
        }
    }
}
