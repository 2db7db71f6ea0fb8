import TandemGraph

extension Feature {
    /// Checks everything about a feature that does not depend on the graph.
    ///
    /// - Throws: `FeatureError` `invalidEncoding` or `limitExceeded`, naming the feature.
    func checkEncoding() throws(FeatureError) {
        try checkShape()
        if let idCount = encoding.idCount { try check(idCount, "ids", FeatureLimits.idCountMax) }
        switch encoding {
        case .number(let encoding): try checkNumber(encoding)
        case .buckets(let encoding): try checkBuckets(encoding)
        case .vocabulary(let encoding):
            try checkRawType([.text, .int64])
            guard encoding.firstID >= 0, encoding.missingID >= 0, encoding.unknownID >= 0 else {
                throw refusal("has a negative id; ids count from 0")
            }
        case .hashing(let encoding):
            try checkRawType([.text, .int64])
            try checkHash(encoding)
        case .hashedWords(let encoding):
            try checkRawType([.text])
            try checkHash(encoding)
            guard listLengthMax != nil else {
                throw refusal("is a list of words, it needs a list length")
            }
        case .identity(let encoding):
            try checkRawType([.int64])
            guard encoding.idCount >= 1, (0..<encoding.idCount).contains(encoding.missingID) else {
                throw refusal(
                    "takes numbers in 0 ..< \(encoding.idCount), with \(encoding.missingID) for a "
                        + "missing one, which is not among them")
            }
        case .tokens(let tokenizer):
            try checkRawType([.text])
            let least = tokenizer.rules.prefix.count + tokenizer.rules.suffix.count + 1
            guard let listLengthMax, listLengthMax >= least else {
                throw refusal(
                    "has rows of \(listLengthMax ?? 0) tokens, its tokeniser needs \(least)")
            }
        }
    }

    private func checkShape() throws(FeatureError) {
        guard side != .none else { throw refusal("has no side: say context or candidate") }
        guard width >= 1, listLengthMax ?? 1 >= 1 else {
            throw refusal("has no values: its width or list length is below 1")
        }
        try check(width, "values a row", FeatureLimits.widthMax)
        try check(listLengthMax ?? 0, "list elements", FeatureLimits.listLengthMax)
        switch encoding {
        case .number:
            guard listLengthMax == nil else { throw refusal("a list is of ids, not of numbers") }
        case .identity where width > 1:
            guard listLengthMax == nil else { throw refusal("has a width and a list length") }
            fallthrough
        case .identity:
            guard slot.missingColumn == nil else {
                throw refusal("has a missing column, which only a number has")
            }
        default:
            guard width == 1 else { throw refusal("has \(width) ids a row: make it a list") }
            guard slot.missingColumn == nil else {
                throw refusal("has a missing column, which only a number has")
            }
        }
        guard listLengthMax != nil || slot.lengthInput == nil else {
            throw refusal("has a length input, which only a list has")
        }
        if case .tokens = encoding { return }
        guard slot.maskInput == nil, slot.segmentInput == nil else {
            throw refusal("has a mask or segment input, which only tokens have")
        }
    }

    private func checkNumber(_ encoding: NumberEncoding) throws(FeatureError) {
        try checkRawType([.float32, .int64])
        try check(
            encoding.transforms.count, "transform steps", FeatureLimits.transformCountMax)
        guard encoding.missingValue.isFinite else {
            throw refusal("its value for missing ones is not finite")
        }
        for transform in encoding.transforms {
            switch transform {
            case .signedLog1p: break
            case .clip(let minimum, let maximum):
                guard minimum.isFinite, maximum.isFinite, minimum <= maximum else {
                    throw refusal("its clip \(minimum) ... \(maximum) is no range")
                }
            case .standardize(let mean, let deviation):
                guard mean.isFinite, deviation.isFinite, deviation > 0 else {
                    throw refusal("its deviation \(deviation) is not above 0, or not finite")
                }
            }
        }
    }

    private func checkBuckets(_ encoding: BucketEncoding) throws(FeatureError) {
        try checkRawType([.float32, .int64])
        let boundaries = encoding.boundaries
        try check(boundaries.count, "boundaries", FeatureLimits.boundaryCountMax)
        guard boundaries.allSatisfy(\.isFinite),
            zip(boundaries, boundaries.dropFirst()).allSatisfy(<)
        else { throw refusal("its boundaries are not finite and strictly ascending") }
    }

    private func checkHash(_ encoding: HashEncoding) throws(FeatureError) {
        guard encoding.bucketCount >= 1 else {
            throw refusal("hashes into \(encoding.bucketCount) buckets, needs at least 1")
        }
    }

    private func checkRawType(_ allowed: [RawType]) throws(FeatureError) {
        guard allowed.contains(rawType) else {
            throw refusal(
                "\(encoding.name) takes \(allowed.map(\.name).joined(separator: " or ")), "
                    + "not \(rawType.name)")
        }
    }

    private func check(_ actual: Int, _ what: String, _ limit: Int) throws(FeatureError) {
        guard actual > limit else { return }
        throw FeatureError(
            .limitExceeded, name, "has \(actual) \(what), at most \(limit) are allowed",
            limit: limit, actual: actual)
    }

    private func refusal(_ message: String) -> FeatureError {
        FeatureError(.invalidEncoding, name, message)
    }
}
