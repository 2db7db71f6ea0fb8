internal import CProtobufC
internal import CTandemProto
internal import TandemFeatures

extension Manifest {
    static func message(_ signature: Signature, _ arena: MessageArena) -> SignatureMessage {
        var message = SignatureMessage()
        tandem__package__v1__signature__init(&message)
        (message.n_features, message.features) = arena.messages(signature.features) {
            Self.message($0, arena)
        }
        (message.n_tasks, message.tasks) = arena.messages(signature.tasks) {
            Self.message($0, arena)
        }
        (message.n_formulas, message.formulas) = arena.messages(signature.formulas) {
            var formula = FormulaMessage()
            tandem__package__v1__formula__init(&formula)
            formula.name = arena.data($0.name)
            formula.expression = arena.data($0.expression)
            return formula
        }
        return message
    }

    private static func message(_ task: Task, _ arena: MessageArena) -> TaskMessage {
        var message = TaskMessage()
        tandem__package__v1__task__init(&message)
        message.name = arena.data(task.name)
        message.kind =
            switch task.kind {
            case .binary: TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_BINARY
            case .multiclass: TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_MULTICLASS
            case .regression: TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_REGRESSION
            case .vector: TANDEM__PACKAGE__V1__TASK_KIND__TASK_KIND_VECTOR
            }
        message.width = UInt32(clamping: task.kind.width)
        (message.n_labels, message.labels) = arena.texts(task.labels)
        message.given = arena.data(task.given ?? "")
        return message
    }

    private static func message(_ feature: Feature, _ arena: MessageArena) -> FeatureMessage {
        var message = FeatureMessage()
        tandem__package__v1__feature__init(&message)
        message.name = arena.data(feature.name)
        message.side = stored(feature.side)
        message.raw_type = Tandem__Package__V1__RawType(
            rawValue: UInt32(clamping: feature.rawType.rawValue))
        message.width = UInt32(clamping: feature.width)
        message.is_required = feature.isRequired ? 1 : 0
        message.list_length_max = UInt32(clamping: feature.listLengthMax ?? 0)
        var slot = SlotMessage()
        tandem__package__v1__slot__init(&slot)
        slot.input = arena.data(feature.slot.input)
        slot.column = UInt32(clamping: feature.slot.column)
        if let column = feature.slot.missingColumn {
            slot.missing_column_opt_case =
                TANDEM__PACKAGE__V1__SLOT__MISSING_COLUMN_OPT_MISSING_COLUMN
            slot.missing_column = UInt32(clamping: column)
        }
        slot.length_input = arena.data(feature.slot.lengthInput ?? "")
        slot.mask_input = arena.data(feature.slot.maskInput ?? "")
        slot.segment_input = arena.data(feature.slot.segmentInput ?? "")
        message.slot = arena.message(slot)
        setEncoding(&message, feature.encoding, arena)
        return message
    }

    private static func setEncoding(
        _ message: inout FeatureMessage, _ encoding: FeatureEncoding, _ arena: MessageArena
    ) {
        switch encoding {
        case .number(let number):
            message.encoding_case = TANDEM__PACKAGE__V1__FEATURE__ENCODING_NUMBER
            message.number = arena.message(Self.message(number, arena))
        case .buckets(let buckets):
            var inner = BucketMessage()
            tandem__package__v1__bucket_encoding__init(&inner)
            (inner.n_boundaries, inner.boundaries) = arena.numbers(buckets.boundaries)
            message.encoding_case = TANDEM__PACKAGE__V1__FEATURE__ENCODING_BUCKETS
            message.buckets = arena.message(inner)
        case .vocabulary(let vocabulary):
            message.encoding_case = TANDEM__PACKAGE__V1__FEATURE__ENCODING_VOCABULARY
            message.vocabulary = arena.message(Self.message(vocabulary, arena))
        case .hashing(let hashing):
            message.encoding_case = TANDEM__PACKAGE__V1__FEATURE__ENCODING_HASHING
            message.hashing = arena.message(Self.message(hashing))
        case .hashedWords(let hashing):
            message.encoding_case = TANDEM__PACKAGE__V1__FEATURE__ENCODING_HASHED_WORDS
            message.hashed_words = arena.message(Self.message(hashing))
        case .identity(let encoding):
            message.encoding_case = TANDEM__PACKAGE__V1__FEATURE__ENCODING_IDENTITY
            var identity = Tandem__Package__V1__IdentityEncoding()
            tandem__package__v1__identity_encoding__init(&identity)
            identity.id_count = UInt32(clamping: encoding.idCount)
            identity.missing_id = UInt32(clamping: encoding.missingID)
            message.identity = arena.message(identity)
        case .tokens(let tokenizer):
            message.encoding_case = TANDEM__PACKAGE__V1__FEATURE__ENCODING_TOKENS
            message.tokens = arena.message(Self.message(tokenizer.rules, arena))
        }
    }

    private static func message(_ number: NumberEncoding, _ arena: MessageArena) -> NumberMessage {
        var message = NumberMessage()
        tandem__package__v1__number_encoding__init(&message)
        message.missing_value = number.missingValue
        (message.n_transforms, message.transforms) = arena.messages(number.transforms) {
            var transform = TransformMessage()
            tandem__package__v1__number_transform__init(&transform)
            switch $0 {
            case .signedLog1p:
                var inner = Tandem__Package__V1__SignedLog1p()
                tandem__package__v1__signed_log1p__init(&inner)
                transform.kind_case = TANDEM__PACKAGE__V1__NUMBER_TRANSFORM__KIND_SIGNED_LOG1P
                transform.signed_log1p = arena.message(inner)
            case .clip(let minimum, let maximum):
                var inner = Tandem__Package__V1__Clip()
                tandem__package__v1__clip__init(&inner)
                inner.minimum = minimum
                inner.maximum = maximum
                transform.kind_case = TANDEM__PACKAGE__V1__NUMBER_TRANSFORM__KIND_CLIP
                transform.clip = arena.message(inner)
            case .standardize(let mean, let deviation):
                var inner = Tandem__Package__V1__Standardize()
                tandem__package__v1__standardize__init(&inner)
                inner.mean = mean
                inner.deviation = deviation
                transform.kind_case = TANDEM__PACKAGE__V1__NUMBER_TRANSFORM__KIND_STANDARDIZE
                transform.standardize = arena.message(inner)
            }
            return transform
        }
        return message
    }

    private static func message(
        _ encoding: VocabularyEncoding, _ arena: MessageArena
    ) -> VocabularyMessage {
        var message = VocabularyMessage()
        tandem__package__v1__vocabulary_encoding__init(&message)
        message.values = arena.data(encoding.vocabulary.blob)
        message.lengths = stored(encoding.vocabulary.byteCounts, arena)
        message.first_id = UInt32(clamping: encoding.firstID)
        message.missing_id = UInt32(clamping: encoding.missingID)
        message.unknown_id = UInt32(clamping: encoding.unknownID)
        return message
    }

    private static func message(_ hashing: HashEncoding) -> HashMessage {
        var message = HashMessage()
        tandem__package__v1__hash_encoding__init(&message)
        message.algorithm = Tandem__Package__V1__HashAlgorithm(
            rawValue: UInt32(clamping: hashing.algorithm.rawValue))
        message.bucket_count = UInt32(clamping: hashing.bucketCount)
        message.seed = hashing.seed
        return message
    }

    /// Numbers of 32 bits as the bytes of a field.
    static func stored<Number: FixedWidthInteger>(
        _ numbers: [Number], _ arena: MessageArena
    ) -> ProtobufCBinaryData {
        numbers.map(\.littleEndian).withUnsafeBytes { arena.data($0) }
    }
}
