/// The shape of a DCN-v2: full-rank crosses and a deep part.
///
/// `x_(l+1) = x_0 * (W_l x_l + b_l) + x_l`, so that l crosses hold products of up to l + 1 features.
/// Source: Wang et al., "DCN V2: Improved Deep & Cross Network", WWW 2021, equation 1 and figure 1.
package struct CrossNetwork: Hashable, Sendable {
    /// Where the deep part stands.
    package enum Arrangement: String, CaseIterable, Sendable {
        /// It reads the crosses' result.
        case stacked
        /// It reads the input; its result stands behind the crosses'.
        case parallel
    }

    /// Number of crosses, 1 or more.
    package var crossCount: Int
    /// Widths of the deep part; may be empty.
    package var deepLayers: [Int]
    /// Where the deep part stands.
    package var arrangement: Arrangement

    /// Makes a shape.
    package init(crossCount: Int, deepLayers: [Int], arrangement: Arrangement) {
        self.crossCount = crossCount
        self.deepLayers = deepLayers
        self.arrangement = arrangement
    }
}

extension LayerBuilder {
    /// The crosses and the deep part over one value.
    mutating func crossNetwork(
        _ network: CrossNetwork, _ input: ValueID
    ) throws(GraphError) -> ValueID {
        guard network.crossCount > 0 else {
            throw GraphError(.invalidAttribute, "trunk", "needs at least one cross")
        }
        var crossed = input
        let width = width(of: input)
        for index in 0..<network.crossCount {
            let name = "trunk/cross\(index)"
            let product = try node(
                "\(name)/product", .binary(.multiply), input,
                try linear(name, crossed, width))
            crossed = try node("\(name)/sum", .binary(.add), product, crossed)
        }
        switch network.arrangement {
        case .stacked: return try layers("trunk/deep", network.deepLayers, crossed)
        case .parallel:
            guard !network.deepLayers.isEmpty else { return crossed }
            let deep = try layers("trunk/deep", network.deepLayers, input)
            return try node("trunk/joined", .concat(axis: 0), crossed, deep)
        }
    }
}
