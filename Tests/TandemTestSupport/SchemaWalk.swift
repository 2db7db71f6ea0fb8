package import CTandemProto

/// Walks a schema by protobuf-c's descriptors, so that a test can pin its numbers and see whether a
/// specimen sets every field.
package struct SchemaWalk {
    /// One line a field or enum value: message, number, type, name.
    package private(set) var lines: Set<String> = []
    /// `message.field` of the schema (after `describe`) or of what was set (after `visit`).
    package private(set) var fields: Set<String> = []
    /// Whether a message was met inside of itself.
    package private(set) var isRecursive = false
    /// How deep messages nest.
    package private(set) var depthMax = 0

    /// Starts with nothing seen.
    package init() {}

    /// Collects what a message's schema says.
    package mutating func describe(
        _ descriptor: ProtobufCMessageDescriptor, inside: [String] = []
    ) {
        let name = String(cString: descriptor.name)
        guard !inside.contains(name) else {
            isRecursive = true
            return
        }
        depthMax = max(depthMax, inside.count + 1)
        for index in 0..<Int(descriptor.n_fields) {
            let field = descriptor.fields[index]
            let fieldName = String(cString: field.name)
            fields.insert("\(name).\(fieldName)")
            let repeated = field.label == PROTOBUF_C_LABEL_REPEATED ? "repeated " : ""
            let packed = field.flags & PROTOBUF_C_FIELD_FLAG_PACKED.rawValue != 0 ? " packed" : ""
            lines.insert("\(name) \(field.id) \(repeated)\(Self.type(field))\(packed) \(fieldName)")
            if field.type == PROTOBUF_C_TYPE_MESSAGE {
                let inner = field.descriptor.assumingMemoryBound(
                    to: ProtobufCMessageDescriptor.self)
                describe(inner.pointee, inside: inside + [name])
            } else if field.type == PROTOBUF_C_TYPE_ENUM {
                describe(
                    field.descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self).pointee)
            }
        }
    }

    private mutating func describe(_ descriptor: ProtobufCEnumDescriptor) {
        for index in 0..<Int(descriptor.n_values) {
            let value = descriptor.values[index]
            lines.insert(
                "\(String(cString: descriptor.name)) \(value.value) \(String(cString: value.name))")
        }
    }

    private static func type(_ field: ProtobufCFieldDescriptor) -> String {
        let names = [
            "int32", "sint32", "sfixed32", "int64", "sint64", "sfixed64", "uint32", "fixed32",
            "uint64", "fixed64", "float", "double", "bool", "enum", "string", "bytes", "message",
        ]
        let type = names[Int(field.type.rawValue)]
        switch field.type {
        case PROTOBUF_C_TYPE_MESSAGE:
            return String(
                cString: field.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
                    .pointee.name)
        case PROTOBUF_C_TYPE_ENUM:
            return String(
                cString: field.descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
                    .pointee.name)
        default: return type
        }
    }

    /// Collects the fields that are set in a message and in those it holds.
    package mutating func visit(_ message: UnsafeMutablePointer<ProtobufCMessage>) {
        guard let descriptor = message.pointee.descriptor?.pointee else { return }
        let memory = UnsafeMutableRawPointer(message)
        let name = String(cString: descriptor.name)
        for index in 0..<Int(descriptor.n_fields) {
            let field = descriptor.fields[index]
            let place = memory + Int(field.offset)
            let quantifier = memory + Int(field.quantifier_offset)
            if field.label == PROTOBUF_C_LABEL_REPEATED {
                let count = quantifier.load(as: Int.self)
                guard count > 0 else { continue }
                if field.type == PROTOBUF_C_TYPE_MESSAGE {
                    let list = place.load(
                        as: UnsafeMutablePointer<UnsafeMutablePointer<ProtobufCMessage>>.self)
                    for entry in 0..<count { visit(list[entry]) }
                }
            } else if field.flags & PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue != 0 {
                guard quantifier.load(as: UInt32.self) == field.id else { continue }
                visitMessage(field, place)
            } else {
                guard Self.isSet(field, place) else { continue }
                visitMessage(field, place)
            }
            fields.insert("\(name).\(String(cString: field.name))")
        }
    }

    private mutating func visitMessage(
        _ field: ProtobufCFieldDescriptor, _ place: UnsafeMutableRawPointer
    ) {
        guard field.type == PROTOBUF_C_TYPE_MESSAGE,
            let inner = place.load(as: UnsafeMutablePointer<ProtobufCMessage>?.self)
        else { return }
        visit(inner)
    }

    private static func isSet(
        _ field: ProtobufCFieldDescriptor, _ place: UnsafeMutableRawPointer
    ) -> Bool {
        switch field.type {
        case PROTOBUF_C_TYPE_BYTES: place.load(as: ProtobufCBinaryData.self).len > 0
        case PROTOBUF_C_TYPE_MESSAGE:
            place.load(as: UnsafeMutablePointer<ProtobufCMessage>?.self) != nil
        case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64,
            PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE:
            place.load(as: UInt64.self) != 0
        default: place.load(as: UInt32.self) != 0
        }
    }
}
