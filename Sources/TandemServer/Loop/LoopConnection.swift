/// A connection as a loop holds it.
struct LoopConnection {
    var state = ConnectionState()
    var descriptor: Int32 = -1
    var door = Door.data
    var serial: UInt32 = 0
    var interest: UInt32 = 0
    var isReady = false
}
