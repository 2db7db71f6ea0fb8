internal import CProtobufC
internal import CTandemProto
internal import TandemFeatures
internal import TandemGraph

extension Manifest {
    /// Translates a signature; whether it holds together and fits the graphs is left to
    /// `Signature.validate(against:)`.
    static func decodeSignature(_ message: SignatureMessage) throws(PackageError) -> Signature {
        Signature(
            features: try decodeList(
                message.n_features, message.features, "features",
                max: FeatureLimits.featureCountMax, decodeFeature),
            tasks: try decodeList(
                message.n_tasks, message.tasks, "tasks", max: FeatureLimits.taskCountMax,
                decodeTask),
            formulas: try decodeList(
                message.n_formulas, message.formulas, "formulas",
                max: FeatureLimits.formulaCountMax
            ) { (formula) throws(PackageError) in
                RankingFormula(
                    name: try formula.name.text(
                        "a formula's name", 1...FeatureLimits.nameByteCountMax),
                    expression: try formula.expression.text(
                        "a formula", 1...FeatureLimits.formulaByteCountMax))
            })
    }

    private static func decodeFeature(_ message: FeatureMessage) throws(PackageError) -> Feature {
        let name = try message.name.text("a feature's name", 1...FeatureLimits.nameByteCountMax)
        do throws(PackageError) {
            let side = try decodeRowAxis(message.side)
            guard let raw = UInt8(exactly: message.raw_type.rawValue),
                let rawType = RawType(rawValue: raw)
            else {
                throw invalid("raw type \(message.raw_type.rawValue) is not known to this version")
            }
            guard let slot = message.slot else { throw invalid("the feature has no slot") }
            let list = Int(message.list_length_max)
            return Feature(
                name: name, side: side, rawType: rawType, width: Int(message.width),
                listLengthMax: list == 0 ? nil : list, isRequired: message.is_required != 0,
                encoding: try decodeEncoding(message), slot: try decodeSlot(slot.pointee))
        } catch {
            throw error.within("feature \(name)")
        }
    }

    private static func decodeSlot(_ message: SlotMessage) throws(PackageError) -> FeatureSlot {
        let hasMissing =
            message.missing_column_opt_case
            == TANDEM__PACKAGE__V1__SLOT__MISSING_COLUMN_OPT_MISSING_COLUMN
        return FeatureSlot(
            input: try decodeGraphName(message.input), column: Int(message.column),
            missingColumn: hasMissing ? Int(message.missing_column) : nil,
            lengthInput: try decodeOptionalName(message.length_input),
            maskInput: try decodeOptionalName(message.mask_input),
            segmentInput: try decodeOptionalName(message.segment_input))
    }

    private static func decodeOptionalName(
        _ field: ProtobufCBinaryData
    ) throws(PackageError) -> String? {
        field.len == 0 ? nil : try decodeGraphName(field)
    }

    private static func decodeEncoding(
        _ message: FeatureMessage
    ) throws(PackageError) -> FeatureEncoding {
        switch message.encoding_case {
        case TANDEM__PACKAGE__V1__FEATURE__ENCODING_NUMBER:
            if let number = message.number { return .number(try decodeNumber(number.pointee)) }
        case TANDEM__PACKAGE__V1__FEATURE__ENCODING_BUCKETS:
            if let buckets = message.buckets { return .buckets(try decodeBuckets(buckets.pointee)) }
        case TANDEM__PACKAGE__V1__FEATURE__ENCODING_VOCABULARY:
            if let vocabulary = message.vocabulary {
                return .vocabulary(try decodeVocabulary(vocabulary.pointee))
            }
        case TANDEM__PACKAGE__V1__FEATURE__ENCODING_HASHING:
            if let hashing = message.hashing { return .hashing(try decodeHash(hashing.pointee)) }
        case TANDEM__PACKAGE__V1__FEATURE__ENCODING_HASHED_WORDS:
            if let words = message.hashed_words {
                return .hashedWords(try decodeHash(words.pointee))
            }
        case TANDEM__PACKAGE__V1__FEATURE__ENCODING_IDENTITY:
            if let identity = message.identity?.pointee {
                return .identity(
                    IdentityEncoding(
                        idCount: Int(identity.id_count), missingID: Int(identity.missing_id)))
            }
        case TANDEM__PACKAGE__V1__FEATURE__ENCODING_TOKENS:
            if let tokens = message.tokens { return .tokens(try decodeTokens(tokens.pointee)) }
        default: break
        }
        throw invalid("the feature has no encoding that this version knows")
    }

    private static func decodeNumber(
        _ message: NumberMessage
    ) throws(PackageError) -> NumberEncoding {
        let transforms = try decodeList(
            message.n_transforms, message.transforms, "transforms",
            max: FeatureLimits.transformCountMax
        ) { (transform) throws(PackageError) -> NumberTransform in
            switch transform.kind_case {
            case TANDEM__PACKAGE__V1__NUMBER_TRANSFORM__KIND_SIGNED_LOG1P: return .signedLog1p
            case TANDEM__PACKAGE__V1__NUMBER_TRANSFORM__KIND_CLIP:
                guard let clip = transform.clip?.pointee else { break }
                return .clip(minimum: clip.minimum, maximum: clip.maximum)
            case TANDEM__PACKAGE__V1__NUMBER_TRANSFORM__KIND_STANDARDIZE:
                guard let scale = transform.standardize?.pointee else { break }
                return .standardize(mean: scale.mean, deviation: scale.deviation)
            default: break
            }
            throw invalid("a transform is not known to this version")
        }
        return NumberEncoding(transforms: transforms, missingValue: message.missing_value)
    }

    private static func decodeBuckets(
        _ message: BucketMessage
    ) throws(PackageError) -> BucketEncoding {
        try checkCount(
            message.n_boundaries, "boundaries", max: FeatureLimits.boundaryCountMax)
        return BucketEncoding(
            boundaries: Array(
                UnsafeBufferPointer(start: message.boundaries, count: message.n_boundaries)))
    }

    private static func decodeHash(_ message: HashMessage) throws(PackageError) -> HashEncoding {
        guard let raw = UInt8(exactly: message.algorithm.rawValue),
            let algorithm = HashAlgorithm(rawValue: raw)
        else {
            throw invalid(
                "hash algorithm \(message.algorithm.rawValue) is not known to this version")
        }
        return HashEncoding(
            algorithm: algorithm, bucketCount: Int(message.bucket_count), seed: message.seed)
    }

    private static func decodeVocabulary(
        _ message: VocabularyMessage
    ) throws(PackageError) -> VocabularyEncoding {
        VocabularyEncoding(
            vocabulary: try decodeValues(message.values, message.lengths),
            firstID: Int(message.first_id), missingID: Int(message.missing_id),
            unknownID: Int(message.unknown_id))
    }

    /// A vocabulary from its values end to end and their lengths.
    static func decodeValues(
        _ values: ProtobufCBinaryData, _ lengths: ProtobufCBinaryData
    ) throws(PackageError) -> Vocabulary {
        let byteCounts = try decodeNumbers(lengths, "the vocabulary's lengths")
        do throws(FeatureError) {
            return try Vocabulary(blob: Array(values.bytes), byteCounts: byteCounts)
        } catch {
            throw invalid(error.message)
        }
    }

    /// Little-endian numbers of 32 bits.
    static func decodeNumbers(
        _ field: ProtobufCBinaryData, _ what: String
    ) throws(PackageError) -> [UInt32] {
        let stored = field.bytes
        guard stored.count % 4 == 0 else { throw invalid("\(what) are cut") }
        return (0..<stored.count / 4).map {
            UInt32(littleEndian: stored.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
        }
    }

    private static func decodeTask(_ message: TaskMessage) throws(PackageError) -> Task {
        let name = try decodeGraphName(message.name)
        let width = Int(message.width)
        let labels = try decodeTexts(
            message.n_labels, message.labels, "labels", max: Limits.taskWidthMax,
            0...Limits.textBytesMax)
        let given = try message.given.text("a task's given", 0...FeatureLimits.nameByteCountMax)
        guard (1...Limits.taskWidthMax).contains(width) else {
            throw PackageError(
                .invalidSignature, "the width is \(width), not in 1 ... \(Limits.taskWidthMax)",
                subject: "task \(name)", expected: UInt64(Limits.taskWidthMax),
                actual: UInt64(message.width))
        }
        let kind: TaskKind? =
            switch message.kind {
            case TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_BINARY: width == 1 ? .binary : nil
            case TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_REGRESSION:
                width == 1 ? .regression : nil
            case TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_MULTICLASS:
                .multiclass(classCount: width)
            case TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_VECTOR: .vector(width: width)
            default: nil
            }
        guard let kind else {
            throw PackageError(
                .invalidSignature,
                "kind \(message.kind.rawValue) of width \(width) is not known to this version",
                subject: "task \(name)")
        }
        return Task(name, kind, labels: labels, given: given.isEmpty ? nil : given)
    }

    static func invalid(_ message: String) -> PackageError {
        PackageError(.invalidSignature, message)
    }
}
