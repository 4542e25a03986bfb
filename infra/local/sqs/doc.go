// Package sqs is an SQS engine in memory, for the local stack and for tests: an http.Handler that any AWS SDK or the
// AWS CLI can talk to.
//
//	engine := sqs.New(sqs.Config{Region: "eu-central-1"})
//	err := engine.CreateQueue("case-export", map[string]string{"VisibilityTimeout": "30"})
//	http.Serve(listener, engine)
//
// # Protocol
//
// It speaks AWS JSON 1.0 (the X-Amz-Target header), as every SDK since late 2023 does, and the older Query protocol (forms
// in, XML out). Signatures are not checked: any credentials will do, and queue policies are stored but not enforced.
//
// # What it does as Amazon SQS does
//
// Standard queues: receive counts, visibility timeouts to the millisecond, delays, long polling, retention, redrive to
// a dead-letter queue with the message's id, sent time and attributes kept, message attributes with their MD5, the
// limits of calls and messages, and the errors with Amazon's codes (and its text, where an answer of Amazon's was at
// hand). What it does not do it refuses: tags, permissions and message move tasks with UnsupportedOperation, FIFO queues with the errors that
// AWS gives when a standard queue is asked for such things.
//
// # Where Amazon SQS leaves room
//
//   - Delivery is once per receive and oldest first, groups apart; real SQS may repeat, reorder, and return fewer than there are.
//   - The Approximate… numbers are exact, attribute changes take effect at once.
//   - DeleteMessage with the handle of an older receive succeeds; it deletes nothing if the message was received again
//     since, as the API reference says may happen. While nobody has received it again the handle is the newest one,
//     and deletes, visible or not.
//   - ChangeMessageVisibility with an older handle takes effect while the message is in flight, as it does on AWS. Once
//     the message is visible again it is MessageNotInflight, as the API reference says; real SQS has also been seen
//     to answer 200 and do nothing.
//   - The receive count goes on in the dead-letter queue, as on AWS, but each queue's redrive policy counts only its own.
//   - A message whose dead-letter queue was deleted stays in its queue and is delivered on.
//   - A body with characters outside XML is refused, as the API reference says; some of Amazon's SDK pages say that such
//     characters are replaced by U+FFFD instead.
//   - Fair queues: while a message group has 30 messages in flight and over a tenth of all, other groups' messages come
//     first. Amazon calls its figures approximate, and also counts the consumers' time, which this engine does not.
package sqs
