// Package straightforward is a simple implementation of the retrieval, as a reference for the
// product. It handles the messages of a batch one by one: it reads the location's settings, signs
// in to Karmak, asks for the ROs made from the case's RO, and puts the case. It finds only direct
// alternates. It stores no links, does not retry, and ignores the order of events.
package straightforward

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Handler handles batches. All fields must be set.
type Handler struct {
	Client                 *dynamodb.Client
	Table                  string
	KarmakURL              string
	ClientID, ClientSecret string
	HTTP                   *http.Client
}

// Handle handles one batch. The first message that fails makes the whole batch fail.
func (h *Handler) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	for _, record := range batch.Records {
		var m message
		if err := json.Unmarshal([]byte(record.Body), &m); err != nil {
			return events.SQSEventResponse{}, err
		}
		if err := h.one(ctx, m); err != nil {
			return events.SQSEventResponse{}, fmt.Errorf("case %s of %s: %w", m.CaseID, m.LocationID, err)
		}
	}
	return events.SQSEventResponse{}, nil
}

type message struct {
	LocationID, CaseID, CaseNumber, AssetID, RONumber string
}

func (h *Handler) one(ctx context.Context, m message) error {
	out, err := h.Client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &h.Table, Key: key(m.LocationID, "SETTINGS")})
	if err != nil {
		return err
	}
	karmak, ok := out.Item["karmak"].(*types.AttributeValueMemberM)
	if !ok {
		return errors.New("the location is not set up")
	}
	token, err := h.signIn(ctx, textOf(karmak.Value["account"]), textOf(karmak.Value["user"]))
	if err != nil {
		return err
	}
	related, err := h.lookUp(ctx, token, m.RONumber, textOf(karmak.Value["branch"]))
	if err != nil {
		return err
	}
	item := key(m.LocationID, "CASE#"+m.CaseID)
	for name, value := range map[string]string{"caseNumber": m.CaseNumber, "assetId": m.AssetID, "roNumber": m.RONumber} {
		item[name] = text(value)
	}
	list := &types.AttributeValueMemberL{}
	for _, ro := range related {
		row := map[string]types.AttributeValue{}
		for column, value := range ro {
			row[column] = text(fmt.Sprint(value))
		}
		list.Value = append(list.Value, &types.AttributeValueMemberM{Value: row})
	}
	item["relatedRos"] = list
	_, err = h.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &h.Table, Item: item})
	return err
}

func (h *Handler) signIn(ctx context.Context, account, user string) (string, error) {
	form := url.Values{
		"client_id": {h.ClientID}, "client_secret": {h.ClientSecret}, "grant_type": {"karmak_identity"}, "scope": {"api"},
		"account": {account}, "user": {user},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.KarmakURL+"/auth/connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	return answer.Token, h.do(request, &answer)
}

func (h *Handler) lookUp(ctx context.Context, token, ro, branch string) (rows []map[string]any, err error) {
	query := url.Values{
		"filter": {"OriginalRONumber[EQ]" + ro + ",Branch[EQ]" + branch},
		"select": {"RONumber,OriginalRONumber,ROStatus,IsVoided,InvoiceNumber,BillingCustomerName,IsBillingCustomerWarranty"},
	}
	const view = "/api/unity/v1/unityapi/frw/RepairOrderHeader?"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.KarmakURL+view+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return rows, h.do(request, &rows)
}

func (h *Handler) do(request *http.Request, answer any) error {
	response, err := h.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("karmak: status %d", response.StatusCode)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

func key(location, sort string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"PK": text("LOC#" + location), "SK": text(sort)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func textOf(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
