#include "pos/modules/sales/ring_up.cpp"
#include "pos/modules/sales/record.cpp"
#include "pos/payment_subjects.cpp"
