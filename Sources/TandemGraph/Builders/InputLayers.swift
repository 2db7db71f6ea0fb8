extension LayerBuilder {
    /// All features as one vector: what exists once a request, then what each candidate brings.
    ///
    /// Within a side numbers come first, then embeddings in the order of the features. A list that
    /// attends to a candidate's feature belongs to the candidates.
    mutating func joinedInputs(_ inputs: ModelInputs) throws(GraphError) -> ValueID {
        var dense: [RowAxis: ValueID] = [:]
        var sources: [String: Source] = [:]
        for (side, name, width) in [
            (RowAxis.context, ModelInputs.contextDense, inputs.contextDenseWidth),
            (RowAxis.candidate, ModelInputs.candidateDense, inputs.candidateDenseWidth),
        ] {
            if width > 0 {
                let type = TensorType(.float32, side, sizes: [width])
                dense[side] = try graph.input(name, type)
            }
            for feature in inputs.embeddings where feature.side == side {
                sources[feature.input] = try source(feature)
            }
        }
        var vectors: [String: ValueID] = [:]
        for feature in inputs.embeddings where feature.listLengthMax == nil {
            guard let source = sources[feature.input] else { continue }
            vectors[feature.input] = try node(
                "embedding/\(feature.input)", .embedding, source.ids, try table(feature))
        }
        let singles = vectors
        for feature in inputs.embeddings {
            guard let source = sources[feature.input], let length = source.length else { continue }
            var target: ValueID?
            if case .targetAttention(let attention) = feature.reading {
                target = singles[attention.target]
            }
            vectors[feature.input] = try read(
                feature, feature.reading, ids: source.ids, length: length, target: target)
        }
        return try joined(dense, inputs.embeddings.compactMap { vectors[$0.input] })
    }

    /// What a feature brings to the graph.
    private struct Source {
        var ids: ValueID
        var length: ValueID?
    }

    private mutating func source(_ feature: EmbeddedFeature) throws(GraphError) -> Source {
        let sizes = feature.listLengthMax.map { [$0] } ?? []
        let ids = try graph.input(
            feature.input, TensorType(.int32, feature.side, sizes: sizes))
        guard feature.listLengthMax != nil else { return Source(ids: ids) }
        let length = try graph.input(
            feature.lengthInput ?? "\(feature.input).length",
            TensorType(.int32, feature.side, []))
        return Source(ids: ids, length: length)
    }

    private mutating func joined(
        _ dense: [RowAxis: ValueID], _ vectors: [ValueID]
    ) throws(GraphError) -> ValueID {
        var sides: [ValueID] = []
        for side in [RowAxis.context, .candidate] {
            let own = vectors.filter { graph.type(of: $0).rows == side }
            let parts = (dense[side].map { [$0] } ?? []) + own
            if parts.isEmpty { continue }
            sides.append(try graph.node("trunk/\(side.name)", .concat(axis: 0), parts))
        }
        guard !sides.isEmpty else {
            throw GraphError(.wrongArity, "trunk", "the model has no features; declare some")
        }
        if sides.count == 1 { return sides[0] }
        return try graph.node("trunk/input", .concat(axis: 0), sides)
    }
}
