// Package sqsengine is an in-memory SQS for the local stack and for tests: an http.Handler that works
// with any AWS SDK and with the AWS CLI.
//
//	engine := sqsengine.New(sqsengine.Config{Region: "eu-central-1"})
//	err := engine.CreateQueue("case-export", map[string]string{"VisibilityTimeout": "30"})
//	http.Serve(listener, engine)
//
// # Protocol
//
// The engine speaks AWS JSON 1.0 (the X-Amz-Target header), which all SDKs have used since late
// 2023, and the older Query protocol (form input, XML output). It does not check signatures, so any
// credentials work. It stores queue policies but does not enforce them.
//
// # Behaviour shared with Amazon SQS
//
// The engine implements standard queues: receive counts, visibility timeouts to the millisecond,
// delays, long polling, retention, redrive to a dead-letter queue that keeps the message's ID, sent
// time and attributes, message attributes with their MD5, the limits of calls and messages, and
// errors with Amazon's codes (and Amazon's text, where an answer of Amazon SQS was available). It
// rejects all other features: tags with UnsupportedOperation, permissions, message move tasks and
// lists of a dead-letter queue's sources with UnknownOperationException, keys of KMS with
// InvalidAttributeName, and FIFO queues with the errors that AWS returns when such a feature is
// requested of a standard queue.
//
// # Choices where Amazon SQS leaves room
//
//   - Each receive delivers a message once, oldest first except between message groups. Amazon
//     SQS may repeat or reorder messages, and may return fewer than are available.
//   - The Approximate… numbers are exact, and attribute changes take effect immediately.
//   - DeleteMessage with the handle of an older receive succeeds. It deletes nothing if the
//     message has been received again since; the API reference says that this can happen. Until
//     the message is received again, the handle is the newest one and deletes the message,
//     visible or not.
//   - ChangeMessageVisibility with an older handle takes effect while the message is in flight,
//     as on AWS. Once the message is visible again, the call returns MessageNotInflight, as the
//     API reference says. Amazon SQS has also been seen to answer 200 without an effect.
//   - The receive count continues in the dead-letter queue, as on AWS, but the redrive policy of
//     each queue counts only the receives from that queue.
//   - A message whose dead-letter queue was deleted stays in its queue and is still delivered.
//   - A body with characters outside XML is rejected, as the API reference says. Some of Amazon's
//     SDK pages say instead that such characters are replaced by U+FFFD.
//   - Fair queues: while a message group has at least 30 messages in flight and more than a tenth
//     of all messages in flight, messages of other groups come first. Amazon calls its figures
//     approximate and also counts the consumers' processing time, which this engine does not.
package sqsengine
