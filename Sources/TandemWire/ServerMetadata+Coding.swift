import CTandemProto

extension ServerMetadata {
    /// The answer as the schema's message.
    func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__ServerMetadataResponse> {
        let message = try builder.make(tandem__v1__server_metadata_response__init)
        message.pointee.name = try builder.text(name)
        message.pointee.version = try builder.text(version)
        message.pointee.n_extensions = extensions.count
        message.pointee.extensions = try builder.texts(extensions)
        message.pointee.n_limits = limits.count
        message.pointee.limits = try builder.list(limits, tandem__v1__limit__init) {
            (limit, message) throws(WireError) in
            message.name = try builder.text(limit.name)
            message.value = limit.value
        }
        message.pointee.instruction_set = try builder.text(instructionSet)
        message.pointee.loops = loops
        message.pointee.pid = pid
        message.pointee.uptime_ns = uptimeNanoseconds
        return message
    }

    /// Reads the schema's message.
    init(reading message: Tandem__V1__ServerMetadataResponse) {
        name = TextView(message.name).string
        version = TextView(message.version).string
        extensions = readTexts(message.extensions, message.n_extensions)
        limits = readList(message.limits, message.n_limits) {
            LimitValue(TextView($0.name).string, $0.value)
        }
        instructionSet = TextView(message.instruction_set).string
        loops = message.loops
        pid = message.pid
        uptimeNanoseconds = message.uptime_ns
    }
}
