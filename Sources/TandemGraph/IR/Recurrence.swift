/// What a recurrent layer computes, and which optional inputs it has.
package struct Recurrence: Hashable, Sendable {
    /// The cell.
    package enum Cell: Hashable, Sendable {
        /// Long short-term memory. Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000.
        case lstm
        /// Gated recurrent unit. Source: Cho et al. 2014.
        ///
        /// With `resetsAfter` the reset gate scales the state's product and its bias, as cuDNN
        /// and PyTorch do; otherwise it scales the state before the product.
        case gru(resetsAfter: Bool)
        /// `h = tanh(W x + R h + b)`. Source: Elman 1990.
        case plain

        /// Number of gates, the G in the shapes of weights.
        package var gateCount: Int {
            switch self {
            case .lstm: 4
            case .gru: 3
            case .plain: 1
            }
        }
    }

    /// What is answered.
    package enum Result: String, CaseIterable, Sendable {
        /// The state after each position.
        case sequence
        /// The state after the last visited position; the initial one if none is.
        case last
        /// The cell after the last visited position; LSTM only.
        case lastCell = "last_cell"
    }

    /// The cell.
    package var cell: Cell
    /// What is answered.
    package var result: Result
    /// Whether positions are visited from the last one (`length - 1`) to the first.
    package var isReversed = false
    /// Whether the length of each sequence is an input.
    package var hasLength = false
    /// Whether the initial state is an input; zeros otherwise.
    package var hasInitialState = false
    /// Whether the initial cell is an input; LSTM only; zeros otherwise.
    package var hasInitialCell = false
    /// Whether peepholes are an input; LSTM only.
    package var hasPeepholes = false

    /// Makes a description without optional inputs.
    package init(_ cell: Cell, result: Result) {
        self.cell = cell
        self.result = result
    }

    /// Where the optional inputs stand among the operation's inputs; nil for those it lacks.
    package var optionalInputs: (length: Int?, state: Int?, cell: Int?, peepholes: Int?) {
        var next = 4
        func position(_ isPresent: Bool) -> Int? {
            guard isPresent else { return nil }
            next += 1
            return next - 1
        }
        return (
            position(hasLength), position(hasInitialState), position(hasInitialCell),
            position(hasPeepholes)
        )
    }

    /// Whether it has a form over int8 weights: an LSTM without peepholes, or a GRU whose reset gate
    /// scales the state's product, which has one product a position.
    package var canBeQuantized: Bool {
        switch cell {
        case .lstm: !hasPeepholes
        case .gru(let resetsAfter):
            resetsAfter && result != .lastCell && !hasInitialCell && !hasPeepholes
        case .plain: false
        }
    }

    /// Number of inputs, four and the optional ones.
    package var inputCount: Int {
        4 + [hasLength, hasInitialState, hasInitialCell, hasPeepholes].count { $0 }
    }
}
