import CTandemProto

extension ModelMetadata {
    /// The answer as the schema's message.
    func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__ModelMetadataResponse> {
        let message = try builder.make(tandem__v1__model_metadata_response__init)
        message.pointee.name = try builder.text(name)
        message.pointee.version = version
        message.pointee.n_versions = versions.count
        message.pointee.versions = try builder.numbers(versions)
        message.pointee.n_labels = labels.count
        message.pointee.labels = try VersionLabel.list(labels, builder)
        message.pointee.n_features = features.count
        message.pointee.features = try builder.list(features, tandem__v1__feature_metadata__init) {
            (feature, message) throws(WireError) in
            try feature.write(into: &message, builder)
        }
        message.pointee.n_tasks = tasks.count
        message.pointee.tasks = try builder.list(tasks, tandem__v1__task_metadata__init) {
            (task, message) throws(WireError) in
            try task.write(into: &message, builder)
        }
        message.pointee.n_formulas = formulas.count
        message.pointee.formulas = try builder.list(formulas, tandem__v1__formula_metadata__init) {
            (formula, message) throws(WireError) in
            message.name = try builder.text(formula.name)
            message.expression = try builder.text(formula.expression)
        }
        message.pointee.executor = try builder.text(executor)
        message.pointee.n_gates = gates.count
        message.pointee.gates = try builder.texts(gates)
        message.pointee.description = try builder.text(summary)
        return message
    }

    /// Reads the schema's message.
    init(reading message: Tandem__V1__ModelMetadataResponse) {
        name = TextView(message.name).string
        version = message.version
        versions = Array(UnsafeBufferPointer(start: message.versions, count: message.n_versions))
        labels = VersionLabel.reading(message.labels, message.n_labels)
        features = readList(message.features, message.n_features) { FeatureMetadata(reading: $0) }
        tasks = readList(message.tasks, message.n_tasks) { TaskMetadata(reading: $0) }
        formulas = readList(message.formulas, message.n_formulas) {
            FormulaMetadata(TextView($0.name).string, TextView($0.expression).string)
        }
        executor = TextView(message.executor).string
        gates = readTexts(message.gates, message.n_gates)
        summary = TextView(message.description).string
    }
}

extension VersionLabel {
    /// Labels as the schema's messages.
    static func list(
        _ labels: [VersionLabel], _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<
        UnsafeMutablePointer<Tandem__V1__VersionLabel>?
    >? {
        try builder.list(labels, tandem__v1__version_label__init) {
            (label, message) throws(WireError) in
            message.label = try builder.text(label.label)
            message.version = label.version
        }
    }

    /// Reads the schema's messages.
    static func reading(
        _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Tandem__V1__VersionLabel>?>?,
        _ count: Int
    ) -> [VersionLabel] {
        readList(messages, count) { VersionLabel(TextView($0.label).string, $0.version) }
    }
}

extension FeatureMetadata {
    fileprivate func write(
        into message: inout Tandem__V1__FeatureMetadata, _ builder: MessageBuilder
    ) throws(WireError) {
        message.name = try builder.text(name)
        message.side = Tandem__V1__Side(side.rawValue)
        message.data_type = Tandem__V1__DataType(type?.rawValue ?? 0)
        message.kind = try builder.text(kind)
        message.width = width
        message.list_length_max = listLengthMax
        message.required = isRequired ? 1 : 0
        message.vocabulary_size = vocabularySize
        message.description = try builder.text(summary)
    }

    fileprivate init(reading message: Tandem__V1__FeatureMetadata) {
        name = TextView(message.name).string
        side = FeatureSide(rawValue: message.side.rawValue) ?? .unspecified
        type = ColumnType(rawValue: message.data_type.rawValue)
        kind = TextView(message.kind).string
        width = message.width
        listLengthMax = message.list_length_max
        isRequired = message.required != 0
        vocabularySize = message.vocabulary_size
        summary = TextView(message.description).string
    }
}

extension TaskMetadata {
    fileprivate func write(
        into message: inout Tandem__V1__TaskMetadata, _ builder: MessageBuilder
    ) throws(WireError) {
        message.name = try builder.text(name)
        message.kind = Tandem__V1__TaskKind(kind.rawValue)
        message.width = width
        message.given = try builder.text(given)
        message.n_labels = labels.count
        message.labels = try builder.texts(labels)
        message.unit = try builder.text(unit)
        message.n_quality = quality.count
        message.quality = try builder.list(quality, tandem__v1__quality_figure__init) {
            (figure, message) throws(WireError) in
            message.metric = try builder.text(figure.metric)
            message.value = figure.value
            message.executor = try builder.text(figure.executor)
            message.split = try builder.text(figure.split)
            message.rows = figure.rows
        }
    }

    fileprivate init(reading message: Tandem__V1__TaskMetadata) {
        name = TextView(message.name).string
        kind = ScoreKind(rawValue: message.kind.rawValue) ?? .unspecified
        width = message.width
        given = TextView(message.given).string
        labels = readTexts(message.labels, message.n_labels)
        unit = TextView(message.unit).string
        quality = readList(message.quality, message.n_quality) { message in
            var figure = QualityFigure()
            figure.metric = TextView(message.metric).string
            figure.value = message.value
            figure.executor = TextView(message.executor).string
            figure.split = TextView(message.split).string
            figure.rows = message.rows
            return figure
        }
    }
}
