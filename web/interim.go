package web

import "posta/till"

type tillService struct{ Keeper till.Keeper }
