package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// head is how a case stands for those who write it. Each write requires the head that
// it builds on, so that of two at a time one fails.
type head struct {
	key       key
	revision  int64
	unlinking []string
}

// condition holds while the case stands so. Its values go by :revision and :unlinking.
func (h head) condition() (*string, item) {
	c := "revision = :revision AND unlinking = :unlinking"
	switch {
	case len(h.unlinking) > 0:
		return &c, item{":revision": number(h.revision), ":unlinking": texts(h.unlinking)}
	case h.revision > 0:
		c = "revision = :revision AND attribute_not_exists(unlinking)"
		return &c, item{":revision": number(h.revision)}
	}
	c = "attribute_not_exists(PK)"
	return &c, nil
}

// put writes the case's item.
func (h head) put(table string, it item) types.TransactWriteItem {
	condition, values := h.condition()
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &table, Item: it, ConditionExpression: condition, ExpressionAttributeValues: values,
	}}
}

// check changes nothing.
func (h head) check(table string) types.TransactWriteItem {
	condition, values := h.condition()
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &table, Key: h.key.item(), ConditionExpression: condition, ExpressionAttributeValues: values,
	}}
}

// update leaves the case with the head after, whose revision is the same. A case that
// is not stored gets an item with revision 0, which is not a stored case either.
func (h head) update(table string, after head) *types.Update {
	condition, values := h.condition()
	if values == nil {
		values = make(item)
	}
	values[":revision"] = number(after.revision)
	expression := "SET revision = :revision REMOVE unlinking"
	if len(after.unlinking) > 0 {
		expression = "SET revision = :revision, unlinking = :after"
		values[":after"] = texts(after.unlinking)
	}
	return &types.Update{
		TableName: &table, Key: h.key.item(), UpdateExpression: &expression,
		ConditionExpression: condition, ExpressionAttributeValues: values,
	}
}
