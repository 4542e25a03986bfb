package stack

import "related-ro/infra/local/platform"

// Platform returns a case platform connected to this stack.
func (s *Stack) Platform() *platform.Platform {
	return &platform.Platform{
		APIURL: s.APIURL, KarmakURL: s.KarmakURL, Queues: s.SQSClient(), Token: s.Token, Follow: s.Follow,
		ExportQueueURL: s.QueueURL("ExportQueue"), CloseQueueURL: s.QueueURL("CloseQueue"),
		RefreshQueueURL: s.QueueURL("RefreshQueue"),
		Bus:             s.EventsClient(), BusName: s.BusName(),
	}
}
