import CTandemProto

extension Explanation {
    /// The explanation as the schema's message.
    func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__Explanation> {
        let message = try builder.make(tandem__v1__explanation__init)
        message.pointee.executor = try builder.text(executor)
        message.pointee.instruction_set = try builder.text(instructionSet)
        message.pointee.n_stages = stages.count
        message.pointee.stages = try builder.list(stages, tandem__v1__stage_time__init) {
            (stage, message) throws(WireError) in
            message.stage = Tandem__V1__Stage(stage.stage.rawValue)
            message.duration_ns = stage.nanoseconds
        }
        message.pointee.n_operations = operations.count
        message.pointee.operations = try builder.list(
            operations, tandem__v1__operation_time__init
        ) { (operation, message) throws(WireError) in
            message.name = try builder.text(operation.name)
            message.kind = try builder.text(operation.kind)
            message.duration_ns = operation.nanoseconds
            message.multiply_adds = operation.multiplyAdds
        }
        message.pointee.n_features = features.count
        message.pointee.features = try builder.list(
            features, tandem__v1__feature_resolution__init
        ) { (feature, message) throws(WireError) in
            message.feature = try builder.text(feature.feature)
            message.present_rows = feature.presentRows
            message.missing_rows = feature.missingRows
            message.unknown_values = feature.unknownValues
            message.clipped_values = feature.clippedValues
            message.first_value = try builder.text(feature.firstValue)
        }
        return message
    }

    /// Reads the schema's message.
    init(reading message: Tandem__V1__Explanation) {
        executor = TextView(message.executor).string
        instructionSet = TextView(message.instruction_set).string
        stages = readList(message.stages, message.n_stages) {
            StageTime(
                Stage(rawValue: $0.stage.rawValue) ?? .unspecified, nanoseconds: $0.duration_ns)
        }
        operations = readList(message.operations, message.n_operations) {
            OperationTime(
                name: TextView($0.name).string, kind: TextView($0.kind).string,
                nanoseconds: $0.duration_ns, multiplyAdds: $0.multiply_adds)
        }
        features = readList(message.features, message.n_features) { message in
            var feature = FeatureResolution()
            feature.feature = TextView(message.feature).string
            feature.presentRows = message.present_rows
            feature.missingRows = message.missing_rows
            feature.unknownValues = message.unknown_values
            feature.clippedValues = message.clipped_values
            feature.firstValue = TextView(message.first_value).string
            return feature
        }
    }
}
